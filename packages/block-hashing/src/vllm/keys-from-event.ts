import type { RawExtraKeys } from "@warmpath/contracts";
import type { VllmBlockExtraKeys, VllmExtraKey, VllmExtraKeyForm } from "./extra-key";

export interface VllmKeysFromEventOptions {
  readonly form: VllmExtraKeyForm;
  readonly loraName: string | undefined;
  /** The adapter's path, which events do not carry; needed for the tagged form only. */
  readonly loraPath: string | undefined;
}

/** Published values are strings, byte strings, and arrays of strings and integers; anything else is not vLLM's. */
function plain(value: unknown): VllmExtraKey | undefined {
  if (typeof value === "string" || typeof value === "number" || value instanceof Uint8Array) return value;
  if (typeof value === "bigint") return Number(value);
  if (!Array.isArray(value)) return undefined;
  const items = value.map(plain);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function tagged(key: VllmExtraKey): VllmExtraKey {
  if (typeof key === "string") return ["cache_salt", key];
  if (key instanceof Uint8Array) return ["prompt_embeds", key];
  if (typeof key === "number") return key;
  return typeof key[1] === "number" ? ["mm", ...key] : key;
}

/**
 * A block's extra keys as hashed, restored from one entry of an event's `extra_keys`, or `unknown` where the event does not say
 * enough: an adapter's path is missing, or a value is of no known type.
 */
export function vllmKeysFromEvent(
  rawExtraKeys: RawExtraKeys,
  { form, loraName, loraPath }: VllmKeysFromEventOptions,
): VllmBlockExtraKeys | "unknown" {
  if (rawExtraKeys === null || rawExtraKeys.length === 0) return undefined;
  const keys = rawExtraKeys.map(plain);
  if (!keys.every((key) => key !== undefined)) return "unknown";
  if (form !== "tagged") return keys;
  if (loraName === undefined || keys[0] !== loraName) return keys.map(tagged);
  if (loraPath === undefined) return "unknown";
  return [["lora", loraName, loraPath], ...keys.slice(1).map(tagged)];
}
