import { type KvEventAddress, WarmpathError } from "@warmpath/contracts";
import {
  createKvEventPublisher,
  type EngineEvent,
  encodeKvEventBatch,
  type KvEventPublisher,
} from "@warmpath/kv-events";
import type { SimulatedKvEvents } from "./options";

/** The event sockets of all ranks of one engine. */
export interface RankPublishers {
  /** Rank 0's addresses; rank r has every port + r. */
  readonly address: KvEventAddress;
  publish(rank: number, events: readonly EngineEvent[], timestampSeconds: number): void;
  /** The next `count` batches of a rank take a number and are lost. */
  drop(rank: number, count: number, fromReplay: boolean): void;
  nextSequence(rank: number): number;
  close(): Promise<void>;
}

/** Runs of free ports that are tried before giving up. */
const ATTEMPTS = 30;

/** Opens one publisher a rank, on consecutive ports. Rejects with `port_in_use` where a port that was asked for is taken. */
export async function openRankPublishers(options: SimulatedKvEvents, ranks: number): Promise<RankPublishers> {
  const publishers = await openAll(options, ranks);
  const encoding = { form: options.form ?? "map", hashes: options.hashes ?? "int" } as const;
  const at = (rank: number): KvEventPublisher => publishers[rank] as KvEventPublisher;
  return {
    address: addressOf(at(0), options.topic ?? ""),
    publish(rank, events, timestampSeconds) {
      at(rank).publish(encodeKvEventBatch({ timestampSeconds, events, dataParallelRank: rank }, encoding));
    },
    drop: (rank, count, fromReplay) => at(rank).dropNext(count, { fromReplay }),
    nextSequence: (rank) => at(rank).nextSequence,
    close: async () => {
      await Promise.all(publishers.map((publisher) => publisher.close()));
    },
  };
}

function addressOf(publisher: KvEventPublisher, topic: string): KvEventAddress {
  const connectable = (endpoint: string): string => endpoint.replace(/\/\/(0\.0\.0\.0|\*|\[::\]):/, "//127.0.0.1:");
  const { replayEndpoint } = publisher;
  return {
    publish: connectable(publisher.endpoint),
    replay: replayEndpoint === undefined ? undefined : connectable(replayEndpoint),
    topic,
  };
}

async function openAll(options: SimulatedKvEvents, ranks: number): Promise<KvEventPublisher[]> {
  for (let attempt = 1; ; attempt++) {
    const opened: KvEventPublisher[] = [];
    try {
      for (let rank = 0; rank < ranks; rank++) opened.push(await open(options, rank, opened[0]));
      return opened;
    } catch (error) {
      await Promise.all(opened.map((publisher) => publisher.close()));
      // Only a run of ports that we chose ourselves is worth another try.
      const chosen = (options.port ?? 0) === 0 || options.replayPort === 0;
      const taken = WarmpathError.isInstance(error) && error.code === "port_in_use";
      if (!taken || !chosen || opened.length === 0 || attempt === ATTEMPTS) throw error;
    }
  }
}

function open(
  options: SimulatedKvEvents,
  rank: number,
  first: KvEventPublisher | undefined,
): Promise<KvEventPublisher> {
  const host = options.host ?? "127.0.0.1";
  const port = (own: number, endpoint: string | undefined): number =>
    own === 0 && endpoint !== undefined ? Number(endpoint.split(":").at(-1)) + rank : own === 0 ? 0 : own + rank;
  const replayPort = "replayPort" in options ? options.replayPort : 0;
  return createKvEventPublisher({
    endpoint: `tcp://${host}:${port(options.port ?? 0, first?.endpoint)}`,
    replayEndpoint: replayPort === undefined ? undefined : `tcp://${host}:${port(replayPort, first?.replayEndpoint)}`,
    topic: options.topic,
    bufferSteps: options.bufferSteps,
  });
}
