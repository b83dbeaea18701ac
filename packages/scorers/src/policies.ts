import type { DataProducer, Picker, Random, RequestObserver } from "@warmpath/contracts";
import { createProfile, type Profile } from "@warmpath/scheduling";
import { createActiveRequestScorer } from "./active-request-scorer/active-request-scorer";
import { createBoundedPrefixScorer } from "./bounded-prefix-scorer/bounded-prefix-scorer";
import { type CostProducerOptions, createCostProducer } from "./cost/cost-producer";
import { createCostScorer } from "./cost/cost-scorer";
import { createKvCacheUtilizationScorer } from "./kv-cache-utilization-scorer/kv-cache-utilization-scorer";
import { createMaxScorePicker } from "./max-score-picker/max-score-picker";
import { createPrefixCacheScorer } from "./prefix-cache-scorer/prefix-cache-scorer";
import { createPrefixLoadScorer } from "./prefix-load-scorer/prefix-load-scorer";
import { createQueueScorer } from "./queue-scorer/queue-scorer";
import { createRandomPicker } from "./random-picker/random-picker";
import { createRoundRobinPicker } from "./round-robin-picker/round-robin-picker";

/** The part of a director's options that makes up a policy. */
export interface PolicyPlugins {
  readonly producers: readonly DataProducer[];
  readonly observers: readonly RequestObserver[];
  readonly profiles: readonly Profile[];
}

export interface PolicyOptions extends CostProducerOptions {
  readonly random: Random;
  /** See `CostScorerOptions`. */
  readonly interferenceWeight?: number | undefined;
}

/** Least cost in ms: the default. */
export function createDefaultPlugins(options: PolicyOptions): PolicyPlugins {
  const costs = createCostProducer(options);
  return { producers: [costs], observers: [costs], profiles: defaultProfiles(options) };
}

/** The default policy's one profile; it needs the cost producer of `createCostProducer`. */
export function defaultProfiles(options: Pick<PolicyOptions, "random" | "interferenceWeight">): readonly Profile[] {
  const scorer = createCostScorer({ interferenceWeight: options.interferenceWeight });
  return [createProfile({ scorers: [{ scorer, weight: 1 }], picker: createMaxScorePicker(options) })];
}

const plain = (profile: Profile): PolicyPlugins => ({ producers: [], observers: [], profiles: [profile] });

/** Named policies: the default and those it is compared with. */
export const POLICIES = {
  cost: createDefaultPlugins,
  random: (options) => plain(createProfile({ picker: createRandomPicker(options) })),
  "round-robin": () => plain(createProfile({ picker: createRoundRobinPicker() })),
  /** Fewest requests in flight. */
  "least-requests": (options) =>
    plain(
      createProfile({
        scorers: [{ scorer: createActiveRequestScorer(), weight: 1 }],
        picker: createMaxScorePicker(options),
      }),
    ),
  /** The longest prefix, whatever the load: what must never be a default. */
  "max-prefix": (options) => boundedPrefix(options, Number.POSITIVE_INFINITY),
  "prefix+load": (options) => {
    const scorer = createPrefixLoadScorer();
    return {
      producers: [],
      observers: [scorer],
      profiles: [createProfile({ scorers: [{ scorer, weight: 1 }], picker: firstOfEquals(options) })],
    };
  },
  "bounded-prefix": (options) => boundedPrefix(options, undefined),
  /** llm-d's usual weights: prefix 3, queue 2, KV utilisation 2. */
  "weighted-scores": (options) =>
    plain(
      createProfile({
        scorers: [
          { scorer: createPrefixCacheScorer(), weight: 3 },
          { scorer: createQueueScorer(), weight: 2 },
          { scorer: createKvCacheUtilizationScorer(), weight: 2 },
        ],
        picker: createMaxScorePicker(options),
      }),
    ),
} as const satisfies Readonly<Record<string, (options: PolicyOptions) => PolicyPlugins>>;

export type PolicyName = keyof typeof POLICIES;

/** The plugins of a named policy, with state of their own. */
export function createPolicyPlugins(name: PolicyName, options: PolicyOptions): PolicyPlugins {
  return POLICIES[name](options);
}

function boundedPrefix(options: PolicyOptions, slackTokens: number | undefined): PolicyPlugins {
  const scorer = createBoundedPrefixScorer({ slackTokens });
  return {
    producers: [],
    observers: [scorer],
    profiles: [createProfile({ scorers: [{ scorer, weight: 1 }], picker: firstOfEquals(options) })],
  };
}

/** As the published figures break ties. */
function firstOfEquals({ random }: PolicyOptions): Picker {
  return createMaxScorePicker({ random, ties: "first" });
}
