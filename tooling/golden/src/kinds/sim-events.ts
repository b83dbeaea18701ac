import type { GoldenKind } from "../kind";
import { readSettings } from "./sim-events-engine";
import { readRecording } from "./sim-events-recording";
import { GroupRun } from "./sim-events-run";

/**
 * Recorded requests to a real vLLM, driven through the simulator: it must publish the same batches byte for byte but for
 * their times, in the same order and under the same numbers, and take the same number of tokens from its cache.
 *
 * Not recorded, and therefore not compared: the path of a LoRA adapter, which enters its hashes (they are compared up to a
 * renaming), and the steps in which requests that were sent at once reached the engine (any arrival that explains the
 * recording counts). The session that a request names is left out of its events.
 */
export const simEventsKind: GoldenKind = {
  name: "sim/events",
  matches: (path, head) =>
    path.endsWith(".jsonl") && (/(^|\/)events-[^/]*$/.test(path) || /^\{"run":.*"scenario":.*"step":/.test(head)),
  async *run(path) {
    for (const lifetime of readRecording(path)) {
      const settings = readSettings(lifetime);
      let carried = { sequence: lifetime.firstSequence, pendingClears: 0 };
      for (const group of lifetime.groups) {
        const run = new GroupRun(settings, group, carried);
        yield* run.results();
        carried = run.carried();
      }
    }
  },
};
