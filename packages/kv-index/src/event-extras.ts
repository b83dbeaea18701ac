import { extrasFromEvent } from "@warmpath/block-hashing";
import type { BlocksStored, RawExtraKeys } from "@warmpath/contracts";

/** Extra strings of our blocks, and those of the tokens left over. */
export interface AlignedExtras {
  readonly perKey: readonly (readonly string[] | undefined)[] | undefined;
  readonly tail: readonly string[] | undefined;
}

const NONE: AlignedExtras = { perKey: undefined, tail: undefined };

/**
 * Spreads the extras of engine blocks over our blocks of `keySize` tokens. Our block 0 begins `head` tokens before the
 * event's first, and `carried` are the strings of those tokens.
 *
 * A string enters every one of our blocks that it can touch, once. Where an engine block is longer than ours: an
 * `[identifier, offset]` pair touches from its offset on, a bare string of a prompt's first block is a salt and touches
 * the first token only, any other touches the whole block.
 */
export function alignExtras(
  event: BlocksStored,
  keySize: number,
  head: number,
  carried: readonly string[] | undefined,
): AlignedExtras {
  const raw = event.extraKeys;
  if (carried === undefined && (raw === undefined || raw.every((entry) => entry === null))) return NONE;
  const size = event.blockSizeTokens;
  const total = head + event.tokenIds.length;
  const keyCount = Math.floor(total / keySize);
  const lists: string[][] = Array.from({ length: keyCount + 1 }, () => []);
  const add = (text: string, from: number, to: number) => {
    const last = Math.min(keyCount, Math.ceil(to / keySize) - 1);
    for (let key = Math.floor(from / keySize); key <= last; key++)
      if (!lists[key]!.includes(text)) lists[key]!.push(text);
  };
  for (const text of carried ?? []) add(text, 0, 1);
  (raw ?? []).forEach((entry, i) => {
    const start = head + i * size;
    for (const [text, from, to] of touches(entry, event, i, size > keySize || start % keySize !== 0)) {
      add(text, start + from, start + to);
    }
  });
  const tail = total % keySize === 0 ? undefined : lists[keyCount];
  return {
    perKey: lists.slice(0, keyCount).map((list) => (list.length === 0 ? undefined : list)),
    tail: tail === undefined || tail.length === 0 ? undefined : tail,
  };
}

type Touch = readonly [text: string, from: number, to: number];

function touches(entry: RawExtraKeys, event: BlocksStored, i: number, split: boolean): Touch[] {
  const size = event.blockSizeTokens;
  const whole = extrasFromEvent(entry, event.loraName) ?? [];
  if (!split || entry === null) return whole.map((text) => [text, 0, size]);
  const startsPrompt = i === 0 && event.parentHash === undefined;
  return whole.map((text) => {
    const pair = entry.find((one) => Array.isArray(one) && one[0] === text && typeof one[1] === "number");
    if (pair !== undefined) return [text, Math.min(size - 1, Math.max(0, (pair as [string, number])[1])), size];
    return [text, 0, startsPrompt ? 1 : size];
  });
}
