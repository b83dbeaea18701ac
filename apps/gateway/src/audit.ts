import { type KvEventSource, TIER_NAMES } from "@warmpath/contracts";
import type { EndpointStatus, Fleet } from "@warmpath/fleet";
import type { EngineBlockCopies, KvIndexHandle } from "@warmpath/kv-index";
import type { EventStreamState, KvEventFollower } from "@warmpath/scheduling";

/** How the index compares with one engine's own list of blocks. */
export interface AuditReport {
  readonly endpointId: string;
  /** It answers its probes. */
  readonly ready: boolean;
  /** Its KV events arrive. */
  readonly connected: boolean;
  /** Some of its events are known to be missing. */
  readonly degraded: boolean;
  /** False where the engine lists no blocks (`GET /debug/kv_blocks`); the counts are 0 then. */
  readonly audited: boolean;
  /** Blocks on which index and engine agree, tier and copies included. */
  readonly agreeing: number;
  /** Blocks that the engine holds and the index does not, or with other copies. */
  readonly missing: number;
  /** Blocks that the index holds and the engine does not. */
  readonly surplus: number;
}

/** What an audit works with. */
export interface AuditOptions {
  readonly fleet: Fleet;
  readonly index: Pick<KvIndexHandle, "engineBlocks">;
  readonly events: KvEventFollower<EventStreamState>;
  readonly fetch: typeof fetch;
  /** Sent along, for example `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Longest wait for an engine's list. */
  readonly timeoutMs: number;
}

/** Compares the index with every engine that lists its blocks. An engine at work changes meanwhile: ask when it is idle. */
export function audit(options: AuditOptions): Promise<AuditReport[]> {
  const states = options.events.states();
  return Promise.all(options.fleet.status().map((status) => auditOne(options, status, states.get(status.endpoint.id))));
}

async function auditOne(
  options: AuditOptions,
  { endpoint, ready }: EndpointStatus,
  state: EventStreamState | undefined,
): Promise<AuditReport> {
  const { fleet, index } = options;
  const base = fleet.baseModel(endpoint.slot);
  const rank = endpoint.dataParallelRank ?? 0;
  const held = state && base !== undefined ? await listBlocks(options, endpoint.url, rank) : undefined;
  const source: KvEventSource = { slot: endpoint.slot, rank, model: fleet.keyModel(base ?? "") };
  return {
    endpointId: endpoint.id,
    ready,
    connected: state?.connected ?? false,
    degraded: state?.degraded ?? false,
    audited: held !== undefined,
    ...(held ? compare(held, index.engineBlocks(source)) : { agreeing: 0, missing: 0, surplus: 0 }),
  };
}

/** Copies by `hash tier`. */
type Held = ReadonlyMap<string, number>;

function compare(held: Held, indexed: Iterable<EngineBlockCopies>) {
  let agreeing = 0;
  let surplus = 0;
  for (const { lo, hi, tier, copies } of indexed) {
    const there = held.get(`${(BigInt(hi) << 32n) | BigInt(lo)} ${TIER_NAMES[tier]}`);
    if (there === undefined) surplus++;
    else if (there === copies) agreeing++;
  }
  return { agreeing, missing: held.size - agreeing, surplus };
}

interface BlockList {
  readonly ranks: readonly { rank: number; blocks: readonly { hash: string; copies: number; tier: string }[] }[];
}

/** Undefined where the engine has no such list, or answers with something else. */
async function listBlocks(
  { fetch: get, headers, timeoutMs }: AuditOptions,
  url: string,
  rank: number,
): Promise<Held | undefined> {
  try {
    const answer = await get(`${url}/debug/kv_blocks`, { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (!answer.ok) return undefined;
    const { ranks } = (await answer.json()) as BlockList;
    const blocks = ranks.find((list) => list.rank === rank)?.blocks ?? [];
    return new Map(blocks.map(({ hash, tier, copies }) => [`${hash} ${tier}`, copies]));
  } catch {
    return undefined;
  }
}
