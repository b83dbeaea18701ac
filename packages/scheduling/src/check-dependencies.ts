import { type DataKey, type DataProducer, PREFIX_MATCH, WarmpathError } from "@warmpath/contracts";
import type { Profile } from "./types";

/** True when two keys name the same data. Keys may come from two copies of a package. */
export function sameKey(a: DataKey<unknown>, b: DataKey<unknown>): boolean {
  return a.type === b.type && a.producer === b.producer;
}

/**
 * Orders producers so that each runs after those whose data it reads. Throws `invalid_configuration` that names consumer
 * and data when nobody produces what a producer or scorer consumes, or when producers wait for each other.
 * `provided` is there from the start.
 */
export function orderProducers(
  producers: readonly DataProducer[],
  profiles: readonly Profile[],
  provided: readonly DataKey<unknown>[] = [PREFIX_MATCH],
): readonly DataProducer[] {
  const ordered: DataProducer[] = [];
  const ready = [...provided];
  const waiting = [...producers];
  while (waiting.length > 0) {
    const next = waiting.findIndex((producer) => missing(producer.consumes, ready) === undefined);
    if (next < 0) throw unmet(waiting[0]!, missing(waiting[0]!.consumes, ready)!);
    const [producer] = waiting.splice(next, 1);
    ordered.push(producer!);
    ready.push(...producer!.produces);
  }
  for (const { scorer } of profiles.flatMap((profile) => profile.scorers)) {
    const key = missing(scorer.consumes, ready);
    if (key) throw unmet(scorer, key);
  }
  return ordered;
}

function missing(wanted: readonly DataKey<unknown>[] | undefined, ready: readonly DataKey<unknown>[]) {
  return wanted?.find((key) => !ready.some((other) => sameKey(key, other)));
}

function unmet(plugin: { readonly name: string }, key: DataKey<unknown>): WarmpathError {
  return new WarmpathError(
    "invalid_configuration",
    `Plugin "${plugin.name}" needs ${key.type} of "${key.producer}", which no producer before it makes.`,
  );
}
