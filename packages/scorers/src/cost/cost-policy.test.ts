import { type Candidate, COST_PREDICTION, type Decision, type EndpointLoad } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { candidatesWith, contextWith, matchOf } from "../testing/candidates";
import { COST_CAPACITY, type CostProducerOptions, createCostProducer } from "./cost-producer";
import { createCostScorer } from "./cost-scorer";

const OUTCOME = { status: "ok", httpStatus: 200, ttftMs: 100, totalMs: 1100, promptTokens: undefined } as const;

/** The cheapest slot of one request, with its scores. */
function decide(
  loads: readonly Partial<EndpointLoad>[],
  match?: ReturnType<typeof matchOf>,
  options: CostProducerOptions = {},
) {
  const producer = createCostProducer(options);
  const candidates = candidatesWith(...loads);
  const context = contextWith(candidates, match);
  void producer.produce(context);
  const scores = new Float64Array(loads.length);
  createCostScorer().score(context, candidates, scores);
  return { best: scores.indexOf(Math.max(...scores)), scores, context, producer, candidates };
}

const decisionFor = (candidate: Candidate, predictedCachedTokens = 0): Decision =>
  ({ targets: [candidate.endpoint], predictedCachedTokens }) as unknown as Decision;

describe("the cost policy", () => {
  it("goes to the cache through a short queue", () => {
    const busy = { inFlightRequests: 1, inFlightPrefillTokens: 4000 };
    expect(decide([busy, {}], matchOf(10_000, [9000, 0])).best).toBe(0);
    expect(decide([{}, {}], matchOf(10_000, [0, 9000])).best).toBe(1);
  });

  it("leaves the cache when the queue costs more than the work would", () => {
    const jammed = { inFlightRequests: 40, inFlightPrefillTokens: 400_000 };
    expect(decide([jammed, {}], matchOf(1000, [512, 0])).best).toBe(1);
  });

  it("takes the idle endpoint where nobody has the prefix", () => {
    expect(decide([{ inFlightRequests: 1, inFlightPrefillTokens: 500 }, {}], matchOf(1000, [])).best).toBe(1);
    expect(decide([{}, { inFlightRequests: 9, inFlightContextTokens: 9000 }], matchOf(1000, [])).best).toBe(0);
  });

  it("rates equal endpoints equally, the best with 1", () => {
    expect([...decide([{}, {}, {}], matchOf(1000, [])).scores]).toEqual([1, 1, 1]);
  });

  it("works without tokens, from the body's length", () => {
    expect([...decide([{}, {}]).scores]).toEqual([1, 1]);
  });

  it("rates a subset of the candidates by their own costs", () => {
    const { context, candidates } = decide([{}, { inFlightPrefillTokens: 9000 }, {}], matchOf(1000, []));
    const scores = new Float64Array(2);
    createCostScorer().score(context, [candidates[1]!, candidates[2]!], scores);
    expect(scores[1]).toBe(1);
    expect(scores[0]).toBeLessThan(0.5);
  });

  it("gives the least loaded endpoint the next one, and holds back one that is far above the mean", () => {
    const producer = createCostProducer();
    const candidates = candidatesWith({}, {});
    const price = (): number[] => {
      const context = contextWith(candidates, matchOf(1000, []));
      void producer.produce(context);
      return [...context.get(COST_CAPACITY)!];
    };
    const even = price();
    expect(even[0]).toBe(even[1]);
    for (let i = 0; i < 100; i++)
      producer.onDispatch?.(contextWith(candidates, matchOf(8000, [])), decisionFor(candidates[0]!));
    const [loaded, idle] = price();
    expect(loaded! - idle!).toBeGreaterThan(10_000);
  });

  it("counts what the engine had to compute, not what was expected", () => {
    const producer = createCostProducer({ workWeight: 0 });
    const candidates = candidatesWith({}, {});
    const match = matchOf(100_000, [90_000, 0]);
    const context = contextWith(candidates, match);
    void producer.produce(context);
    producer.onDispatch?.(context, decisionFor(candidates[0]!, 90_000));
    producer.onEnd?.(context, decisionFor(candidates[0]!, 90_000), { ...OUTCOME, cachedTokens: 0, outputTokens: 5 });
    const after = contextWith(candidates, matchOf(10, []));
    void producer.produce(after);
    const [first, second] = [...after.get(COST_CAPACITY)!];
    expect(first! - second!).toBeGreaterThan(0.002 * 0.046 * 99_000);
  });

  it("uses the arrays of finished requests again, never those of live ones", () => {
    const producer = createCostProducer();
    const candidates = candidatesWith({}, {});
    const make = () => {
      const context = contextWith(candidates, matchOf(1000, []));
      void producer.produce(context);
      return context;
    };
    const [one, two] = [make(), make()];
    expect(one.get(COST_PREDICTION)).not.toBe(two.get(COST_PREDICTION));
    producer.onEnd?.(one, decisionFor(candidates[0]!), { ...OUTCOME, cachedTokens: 0, outputTokens: 5 });
    expect(make().get(COST_PREDICTION)).toBe(one.get(COST_PREDICTION));
  });
});
