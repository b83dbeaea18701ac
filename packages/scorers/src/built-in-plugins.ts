import { PREFIX_MATCH, WarmpathError } from "@warmpath/contracts";
import type { PluginRegistry } from "@warmpath/scheduling";
import { ACTIVE_REQUEST_SCORER, createActiveRequestScorer } from "./active-request-scorer/active-request-scorer";
import { BOUNDED_PREFIX_SCORER, createBoundedPrefixScorer } from "./bounded-prefix-scorer/bounded-prefix-scorer";
import { COST_PROFILES, type CostProfileName, DEFAULT_COST_PROFILE } from "./cost/coefficients";
import { COST_PRODUCER, createCostProducer } from "./cost/cost-producer";
import { COST_SCORER, createCostScorer } from "./cost/cost-scorer";
import {
  createKvCacheUtilizationScorer,
  KV_CACHE_UTILIZATION_SCORER,
} from "./kv-cache-utilization-scorer/kv-cache-utilization-scorer";
import { createMaxScorePicker, MAX_SCORE_PICKER } from "./max-score-picker/max-score-picker";
import { Parameters, refuseParameters } from "./parameters";
import { createPrefixCacheScorer, PREFIX_CACHE_SCORER } from "./prefix-cache-scorer/prefix-cache-scorer";
import { createPrefixLoadScorer, PREFIX_LOAD_SCORER } from "./prefix-load-scorer/prefix-load-scorer";
import { createPrefixProducer, PREFIX_PRODUCER } from "./prefix-producer/prefix-producer";
import { createQueueScorer, QUEUE_SCORER } from "./queue-scorer/queue-scorer";
import { createRandomPicker, RANDOM_PICKER } from "./random-picker/random-picker";
import { createRoundRobinPicker, ROUND_ROBIN_PICKER } from "./round-robin-picker/round-robin-picker";

const COST_PROFILE_NAMES = Object.keys(COST_PROFILES) as CostProfileName[];

/** Adds every built-in plugin type to a registry. Parameters are those of the llm-d plugins of the same type. */
export function registerBuiltInPlugins(registry: PluginRegistry): void {
  registerScorers(registry);
  registerPickers(registry);
  registerProducers(registry);
}

function registerScorers(registry: PluginRegistry): void {
  const scorer = { kind: "scorer", stability: "beta" } as const;
  registry.register({ ...scorer, type: QUEUE_SCORER, create: (given) => createQueueScorer(named(given)) });
  registry.register({
    ...scorer,
    type: KV_CACHE_UTILIZATION_SCORER,
    create: (given) => createKvCacheUtilizationScorer(named(given)),
  });
  registry.register({
    ...scorer,
    type: ACTIVE_REQUEST_SCORER,
    create: ({ name, parameters }) => {
      const read = new Parameters(name, parameters, ["idleThreshold", "maxBusyScore"]);
      return createActiveRequestScorer({
        name,
        idleThreshold: read.number("idleThreshold", 0, 0),
        maxBusyScore: read.number("maxBusyScore", 1, 0, 1),
      });
    },
  });
  registry.register({
    ...scorer,
    type: PREFIX_CACHE_SCORER,
    create: ({ name, parameters }) => {
      const known = ["matchLengthWeight", "matchLengthScaleTokens", "prefixMatchInfoProducerName"];
      const read = new Parameters(name, parameters, known);
      const producer = read.text("prefixMatchInfoProducerName", PREFIX_MATCH.producer);
      return createPrefixCacheScorer({
        name,
        matches: { type: PREFIX_MATCH.type, producer },
        matchLengthWeight: read.number("matchLengthWeight", 0, 0, 1),
        matchLengthScaleTokens: read.number("matchLengthScaleTokens", 8192, 1),
      });
    },
  });
  registerOwnScorers(registry);
}

function registerOwnScorers(registry: PluginRegistry): void {
  registry.register({
    kind: "scorer",
    stability: "beta",
    type: COST_SCORER,
    create: ({ name, parameters }) => {
      const read = new Parameters(name, parameters, ["interferenceWeight"]);
      return createCostScorer({ name, interferenceWeight: read.number("interferenceWeight", 0.1, 0) });
    },
  });
  registry.register({
    kind: "scorer",
    stability: "alpha",
    type: BOUNDED_PREFIX_SCORER,
    create: ({ name, parameters }) => {
      const read = new Parameters(name, parameters, ["bound", "slackTokens"]);
      return createBoundedPrefixScorer({
        name,
        bound: read.number("bound", 1.05, 1),
        slackTokens: read.number("slackTokens", 65_536, 0),
      });
    },
  });
  registry.register({
    kind: "scorer",
    stability: "alpha",
    type: PREFIX_LOAD_SCORER,
    create: ({ name, parameters }) => {
      const read = new Parameters(name, parameters, ["blockSizeTokens"]);
      return createPrefixLoadScorer({ name, blockSizeTokens: read.integer("blockSizeTokens", 1, 1) });
    },
  });
}

function registerPickers(registry: PluginRegistry): void {
  const picker = { kind: "picker", stability: "beta" } as const;
  for (const [type, create] of [
    [MAX_SCORE_PICKER, createMaxScorePicker],
    [RANDOM_PICKER, createRandomPicker],
  ] as const)
    registry.register({
      ...picker,
      type,
      create: ({ name, parameters, environment: { random } }) => {
        const read = new Parameters(name, parameters, ["maxNumOfEndpoints"]);
        return create({ name, random, maxNumOfEndpoints: read.integer("maxNumOfEndpoints", 1, 1) });
      },
    });
  registry.register({ ...picker, type: ROUND_ROBIN_PICKER, create: (given) => createRoundRobinPicker(named(given)) });
}

function registerProducers(registry: PluginRegistry): void {
  const producer = { kind: "producer", stability: "beta" } as const;
  registry.register({
    ...producer,
    type: COST_PRODUCER,
    create: ({ name, parameters }) => {
      const read = new Parameters(name, parameters, ["profile"]);
      const profile = read.oneOf("profile", COST_PROFILE_NAMES, DEFAULT_COST_PROFILE);
      return createCostProducer({ coefficients: COST_PROFILES[profile] });
    },
  });
  registry.register({
    ...producer,
    type: PREFIX_PRODUCER,
    create: ({ name, parameters, environment: { index } }) => {
      refuseParameters(name, parameters);
      if (index) return createPrefixProducer({ index, name });
      throw new WarmpathError("invalid_configuration", `Plugin "${name}" needs an index; there is none.`);
    },
  });
}

/** Options of a plugin without parameters. */
function named(given: { readonly name: string; readonly parameters: Readonly<Record<string, unknown>> }) {
  refuseParameters(given.name, given.parameters);
  return { name: given.name };
}
