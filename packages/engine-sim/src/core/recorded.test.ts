import { describe, expect, it } from "vitest";
import { createReplica, type Replica } from "./replica";
import type { ReplicaEvent, ReplicaRequest } from "./replica-types";

// Recorded from vLLM 0.32.0 on a CPU with 24 blocks of 32 tokens. Block `b3` is block 3 of request b; a line is a batch.

interface NamedRequest extends ReplicaRequest {
  readonly name: string;
}

function startReplica(): Replica<NamedRequest, string> {
  return createReplica<NamedRequest, string>({
    blocks: 24,
    blockSizeTokens: 32,
    maxBatchedTokens: 2048,
    maxSequences: 128,
    hashBlock: (request, index) => `${request.name}${index}`,
  });
}

function describeEvent(event: ReplicaEvent<NamedRequest, string>): string {
  if (event.kind === "stored") return `+${event.keys.join(",")}<${event.parent ?? ""}`;
  return event.kind === "removed" ? `-${event.key}` : "cleared";
}

/** Runs one step; its batch, or undefined when it publishes none. Pushes cached tokens of what finishes. */
function step(replica: Replica<NamedRequest, string>, cached: number[] = []): string | undefined {
  const { events, finished } = replica.endStep();
  for (const { cachedTokens } of finished) cached.push(cachedTokens as number);
  return events.length === 0 ? undefined : events.map(describeEvent).join(" ");
}

describe("createReplica beside a real engine", () => {
  it("preempts, recomputes and evicts the same blocks in the same steps", () => {
    const replica = startReplica();
    const batches: string[] = [];
    const submit = (names: string): void => {
      for (const name of names) replica.submit({ name, promptTokens: 129, outputTokens: 192 });
    };
    submit("a");
    for (let first = true; replica.beginStep() !== undefined; first = false) {
      const batch = step(replica);
      if (batch) batches.push(batch);
      if (first) submit("bcd");
    }
    expect(batches).toEqual([
      "+a0,a1,a2,a3<",
      "+b0,b1,b2,b3< +c0,c1,c2,c3< +d0,d1,d2,d3<",
      "+a4<a3",
      "+b4<b3 +c4<c3 +d4<d3",
      "+a5<a4",
      "-d4 +b5<b4 +c5<c4",
      "-d3 -d2",
      "+a6<a5",
      "-d1 +b6<b5 +c6<c5",
      "-d0",
      "+a7<a6",
      "-c6 +b7<b6",
      "-c5",
      "+a8<a7",
      "-c4 +b8<b7",
      "-c3",
      "+a9<a8",
      "+b9<b8 -a9 -a8 -a7 -a6 -a5 +c3,c4,c5,c6<c2",
      "-a4 -a3 -a2 -a1 -a0 -b9 +d0,d1,d2,d3,d4<",
      "+c7<c6",
      "-b8 +d5<d4",
      "-b7",
      "+c8<c7",
      "-b6 +d6<d5",
      "-b5",
      "+c9<c8",
      "+d7<d6",
      "-b4",
      "+d8<d7",
      "-b3",
      "+d9<d8",
    ]);
  });

  it("stores and removes every copy of a block", () => {
    const replica = startReplica();
    const cached: number[] = [];
    const batches = [..."aabcdefghiaa"].map((name) => {
      replica.submit({ name, promptTokens: name === "a" ? 128 : 131, outputTokens: 1 });
      replica.beginStep();
      return step(replica, cached);
    });
    expect(batches).toEqual([
      "+a0,a1,a2,a3<",
      "+a3<a2",
      "+b0,b1,b2,b3<",
      "+c0,c1,c2,c3<",
      "+d0,d1,d2,d3<",
      "+e0,e1,e2,e3<",
      "-a3 -a3 -a2 +f0,f1,f2,f3<",
      "-a1 -a0 -b3 -b2 +g0,g1,g2,g3<",
      "-b1 -b0 -c3 -c2 +h0,h1,h2,h3<",
      "-c1 -c0 -d3 -d2 +i0,i1,i2,i3<",
      "-d1 -d0 -e3 +a0,a1,a2,a3<",
      "-e2 +a3<a2",
    ]);
    expect(cached).toEqual([0, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 96]);
  });
});
