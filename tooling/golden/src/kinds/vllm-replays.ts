import { createKvEventPublisher, createZeromqSource, type MessageSocket } from "@warmpath/kv-events";
import { expectEqual } from "./generic-kv-events";
import type { RecordedRun, RecordedStep } from "./vllm-events";

const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** How long our publisher's silence counts as no answer. */
const SILENCE_MS = 300;
const END = ["", "", "ffffffffffffffff", ""];

/**
 * Asks our own publisher, over real sockets, what the real one was asked after the same batches: it gives the same
 * messages. Long answers are recorded by their first and last messages and their number.
 */
export async function checkReplay(step: RecordedStep, run: RecordedRun): Promise<void> {
  const request = step.request as { readonly start?: number; readonly frames?: readonly string[] };
  const frames = request.frames ?? [
    "",
    BigInt(request.start ?? 0)
      .toString(16)
      .padStart(16, "0"),
  ];
  const { messages } = step.response as { readonly messages: number };
  const answer = await replayFromOurs(run, frames);
  expectEqual("number of messages", messages, answer.length, JSON.stringify(frames));
  const malformed = step.scenario.includes("malformed");
  const shown = malformed
    ? answer.slice(0, 4)
    : answer.length > 6
      ? [...answer.slice(0, 3), ...answer.slice(-2)]
      : answer;
  expectEqual("messages", step.frames, shown, JSON.stringify(frames));
  if (answer.length > 0) expectEqual("end marker", END, answer.at(-1), JSON.stringify(frames));
}

async function replayFromOurs(run: RecordedRun, frames: readonly string[]): Promise<string[][]> {
  const count = (run.last ?? -1) + 1;
  const topic = Buffer.from(run.live.get(count - 1)?.[0] ?? "", "hex").toString();
  const publisher = await createKvEventPublisher({
    endpoint: "tcp://127.0.0.1:0",
    replayEndpoint: "tcp://127.0.0.1:0",
    topic,
  });
  try {
    for (let sequence = 0; sequence < count; sequence++) {
      const batch = run.live.get(sequence);
      // A batch that the recorder let go cannot be played; its number is used up.
      if (batch === undefined) publisher.dropNext(1, { fromReplay: true });
      publisher.publish(Buffer.from(batch?.[1] ?? "", "hex"));
    }
    return await ask(publisher.replayEndpoint!, frames);
  } finally {
    await publisher.close();
  }
}

async function ask(address: string, frames: readonly string[]): Promise<string[][]> {
  const answer: string[][] = [];
  let socket: MessageSocket | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let timer = setTimeout(resolve, SILENCE_MS);
      const onMessage = (message: readonly Uint8Array[]): void => {
        answer.push(message.map((frame) => Buffer.from(frame).toString("hex")));
        clearTimeout(timer);
        if (answer.at(-1)?.at(-1) === "") resolve();
        else timer = setTimeout(resolve, SILENCE_MS);
      };
      const onClose = (reason: string): void => reject(new Error(reason));
      createZeromqSource()
        .open({
          pattern: "dealer",
          address,
          topic: "",
          maxMessageBytes: MAX_MESSAGE_BYTES,
          onOpen: () => undefined,
          onMessage,
          onClose,
        })
        .then((opened) => {
          socket = opened;
          opened.send(frames.map((frame) => Buffer.from(frame, "hex")));
        })
        .catch(reject);
    });
  } finally {
    socket?.close();
  }
  return answer;
}
