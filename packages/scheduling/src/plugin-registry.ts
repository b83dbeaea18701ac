import {
  type Clock,
  type DataProducer,
  type Filter,
  type KvIndex,
  type Logger,
  type Metrics,
  type Picker,
  type ProfileHandler,
  type Random,
  type RequestObserver,
  type Scorer,
  WarmpathError,
} from "@warmpath/contracts";

/** What plugins may use from outside. */
export interface PluginEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  readonly index?: KvIndex | undefined;
}

/** Kinds of plugins and what their factories make. */
export interface PluginKinds {
  readonly producer: DataProducer & RequestObserver;
  readonly filter: Filter;
  readonly scorer: Scorer & RequestObserver;
  readonly picker: Picker;
  readonly "profile-handler": ProfileHandler;
}

export type PluginKind = keyof PluginKinds;

/** How far users may rely on a plugin: `alpha` ones must be allowed explicitly. */
export type PluginStability = "alpha" | "beta" | "stable";

/** One plugin type. Kept apart by kind, so that a reference to the wrong kind is found. */
export interface PluginEntry<K extends PluginKind = PluginKind> {
  readonly type: string;
  readonly kind: K;
  readonly stability: PluginStability;
  /** What to use instead; undefined when it is not deprecated. */
  readonly deprecated?: string | undefined;
  /** Throws `invalid_configuration` that names the parameter. */
  create(options: {
    readonly name: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly environment: PluginEnvironment;
  }): PluginKinds[K];
}

export interface PluginRequest {
  readonly type: string;
  /** Default: the type. */
  readonly name?: string | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** Plugin types by their type string. */
export interface PluginRegistry {
  /** Throws `invalid_configuration` when the type is taken. */
  register<K extends PluginKind>(entry: PluginEntry<K>): void;
  entries(): readonly PluginEntry[];
  /** Makes an instance. Throws `invalid_configuration` for an unknown type, a wrong kind, or an alpha type not allowed. */
  create<K extends PluginKind>(kind: K, request: PluginRequest, environment: PluginEnvironment): PluginKinds[K];
}

export interface PluginRegistryOptions {
  /** Allows alpha plugins. Default false. */
  readonly allowAlpha?: boolean | undefined;
}

/** Makes an empty registry. */
export function createPluginRegistry(options: PluginRegistryOptions = {}): PluginRegistry {
  const entries = new Map<string, PluginEntry>();
  return {
    register(entry) {
      if (entries.has(entry.type)) throw bad(`The plugin type "${entry.type}" is registered twice.`);
      entries.set(entry.type, entry as unknown as PluginEntry);
    },
    entries: () => [...entries.values()],
    create(kind, { type, name = type, parameters = {} }, environment) {
      const entry = entries.get(type);
      if (!entry) throw bad(`There is no plugin type "${type}". Known: ${[...entries.keys()].sort().join(", ")}.`);
      if (entry.kind !== kind) throw bad(`Plugin "${name}" is a ${entry.kind}; a ${kind} is needed here.`);
      if (entry.stability === "alpha" && !options.allowAlpha)
        throw bad(`Plugin type "${type}" is alpha; allow alpha plugins to use it.`);
      if (entry.deprecated)
        environment.logger.warn({ type }, `Plugin type "${type}" is deprecated; use ${entry.deprecated}.`);
      return entry.create({ name, parameters, environment }) as PluginKinds[typeof kind];
    },
  };
}

function bad(message: string): WarmpathError {
  return new WarmpathError("invalid_configuration", message);
}
