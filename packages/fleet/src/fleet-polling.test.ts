import { afterEach, describe, expect, it } from "vitest";
import { eventually, realClock } from "../../../tooling/testing/clock";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { createFleet } from "./fleet";
import { startTestEngine, type TestEngine } from "./testing/engine";
import type { EndpointSpec, Fleet, FleetOptions } from "./types";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
});

async function engine(...args: Parameters<typeof startTestEngine>): Promise<TestEngine> {
  const started = await startTestEngine(...args);
  open.push(started);
  return started;
}

function fleet(options: Partial<FleetOptions> = {}): Fleet {
  const made = createFleet({ clock: realClock, logger: new MemoryLogger(), scrapeIntervalMs: 10, ...options });
  open.unshift({ close: () => made.close() });
  return made;
}

const ready = (of: Fleet, spec: EndpointSpec): Promise<void> => {
  const { id } = of.add(spec);
  return eventually(() => of.status().some((s) => s.endpoint.id === id && s.ready), `${id} is ready`);
};

describe("readiness", () => {
  it("begins with the model list and the health of the engine", async () => {
    const { url, asked } = await engine({
      models: [
        { id: "base", max_model_len: 4096 },
        { id: "lora", parent: "base" },
      ],
    });
    const of = fleet();
    await ready(of, { url });
    expect(asked.slice(0, 2)).toEqual(["/v1/models", "/health"]);
    expect(of.candidatesFor("lora")).toHaveLength(1);
    expect(of.models()).toEqual([
      { id: "base", card: { id: "base", max_model_len: 4096 } },
      { id: "lora", card: { id: "lora", parent: "base" } },
    ]);
    expect([of.keyModel("lora"), of.baseModel(0)]).toEqual(["lora", "base"]);
  });

  it("unites the models of all endpoints", async () => {
    const of = fleet();
    await ready(of, { url: (await engine({ models: [{ id: "a" }, { id: "b" }] })).url });
    await ready(of, { url: (await engine({ models: [{ id: "b" }, { id: "c" }] })).url });
    expect(of.models().map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect([of.candidatesFor("a").length, of.candidatesFor("b").length]).toEqual([1, 2]);
  });

  it("ends when the engine dies, and comes back with it and its new models", async () => {
    const first = await engine();
    const of = fleet();
    await ready(of, { url: first.url });
    await first.close();
    await eventually(() => of.candidatesFor("m").length === 0, "the dead engine gets no requests");
    expect(of.knowsModel("m")).toBe(true);
    await engine({ models: [{ id: "m" }, { id: "new" }] }, first.port);
    await eventually(() => of.candidatesFor("new").length === 1, "the engine is back");
  });

  it("ends when the engine says that it is not healthy", async () => {
    const { url, answers } = await engine();
    const of = fleet({ healthIntervalMs: 20 });
    await ready(of, { url });
    answers.health = 503;
    await eventually(() => of.candidatesFor("m").length === 0, "the unhealthy engine gets no requests");
    answers.health = 200;
    await eventually(() => of.candidatesFor("m").length === 1, "it is healthy again");
  });

  it("takes an engine without a model list for one that serves every name", async () => {
    const of = fleet();
    await ready(of, { url: (await engine({ models: undefined })).url });
    expect(of.candidatesFor("anything")).toHaveLength(1);
    expect(of.candidatesFor("else")).toBe(of.candidatesFor("anything"));
    expect(of.models()).toEqual([]);
  });

  it("asks no engine for models that the user named", async () => {
    const { url, asked } = await engine();
    const of = fleet();
    await ready(of, { url, models: ["mine"] });
    expect(of.candidatesFor("mine")).toHaveLength(1);
    expect(asked).not.toContain("/v1/models");
  });

  it("learns of new adapters", async () => {
    const { url, answers } = await engine();
    const of = fleet({ modelsIntervalMs: 20 });
    await ready(of, { url });
    answers.models = [{ id: "m" }, { id: "adapter", parent: "m" }];
    await eventually(() => of.candidatesFor("adapter").length === 1, "the adapter is known");
  });

  it("looks at once when a request has failed", async () => {
    const first = await engine();
    const of = fleet({ scrapeIntervalMs: 60_000, failuresToUnready: 1 });
    await ready(of, { url: first.url });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await first.close();
    of.markFailed(0);
    await eventually(() => of.status()[0]?.ready === false, "the dead engine is found");
  });
});

describe("metrics", () => {
  it("reach the load, again and again", async () => {
    const { url, answers } = await engine({ metrics: "vllm:num_requests_running 1\n" });
    const of = fleet();
    await ready(of, { url });
    await eventually(() => of.at(0)?.load.runningRequests === 1, "the first metrics");
    answers.metrics = "vllm:num_requests_running 2\n";
    await eventually(() => of.at(0)?.load.runningRequests === 2, "the second metrics");
    expect(of.at(0)?.load.trust).toBe(1);
  });

  it("that are lost cost trust and nothing else", async () => {
    const { url, answers } = await engine({ metrics: "vllm:num_requests_running 1\n" });
    const of = fleet({ staleAfterMs: 40, healthIntervalMs: 20 });
    await ready(of, { url });
    await eventually(() => of.at(0)?.load.runningRequests === 1, "the first metrics");
    answers.metrics = undefined;
    await eventually(() => of.candidatesFor("m")[0]!.load.trust < 0.5, "trust falls");
    expect(of.at(0)?.load.runningRequests).toBe(1);
    answers.metrics = "vllm:num_requests_running 3\n";
    await eventually(() => of.candidatesFor("m")[0]!.load.trust === 1, "trust is back");
  });

  it("stop when the endpoint is removed", async () => {
    const { url, asked } = await engine({ metrics: "vllm:num_requests_running 1\n" });
    const of = fleet();
    await ready(of, { url });
    of.remove(url.slice("http://".length));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(asked).toHaveLength(before);
  });
});
