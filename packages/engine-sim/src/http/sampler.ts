import type { EngineTokenizer } from "./tokenizer";

/** What the simulated model says: plain sentences that survive decoding and encoding. */
const TEXT = `
A prefix cache keeps the keys and values that a model computed for the beginning of a prompt. When another prompt begins
with the same tokens, the engine reads them instead of computing them again, and the first token comes sooner. Blocks are
kept until their memory is needed for something else; the block that nobody has used for the longest time goes first. A
router that knows which engine holds which blocks sends each request to the engine that has most of its prompt already,
unless that engine is so busy that waiting would cost more than computing. Conversations profit most, since every turn
begins with all the turns before it. Shared instructions profit too, because they are the same for everyone. What no
engine has seen before goes to the one with the least work. In this way the fleet behaves like one large cache, and the
people who wait for answers notice only that the answers arrive a little earlier than they used to.
`;

/** Chooses the tokens and the natural length of continuations. The same prompt and sample give the same ones. */
export interface Sampler {
  /** Token at output position `index`. */
  token(start: number, index: number): number;
  /** A number that decides how a prompt is continued. */
  start(promptTokens: Uint32Array, sample: number): number;
  /** Tokens after which the model would stop by itself. */
  naturalLength(start: number): number;
}

/** Creates a sampler that reads on in a fixed text, from a place that the prompt decides. */
export function createSampler(
  tokenizer: EngineTokenizer,
  naturalTokens: readonly [least: number, most: number],
): Sampler {
  const text = TEXT.trim().replace(/\n/g, " ");
  const tokens = tokenizer.encode(` ${text}`, { addSpecialTokens: false });
  const [least, most] = naturalTokens;
  // Continuations begin with a word.
  const words = [...tokens.keys()].filter((i) => tokenizer.decode([tokens[i] as number]).startsWith(" "));
  return {
    token: (start, index) => tokens[((words[start % words.length] ?? 0) + index) % tokens.length] ?? 0,
    start: (promptTokens, sample) => hashTokens(promptTokens, sample) % 2 ** 31,
    naturalLength: (start) => least + ((Math.imul(start ^ (start >>> 15), 0x2c1b3c6d) >>> 0) % (most - least + 1)),
  };
}

/** FNV-1a over the last tokens of a prompt, its length and the sample's number. */
function hashTokens(tokens: Uint32Array, sample: number): number {
  let hash = 0x811c9dc5 ^ sample;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193) >>> 0;
  };
  mix(tokens.length);
  for (let i = Math.max(0, tokens.length - 256); i < tokens.length; i++) mix(tokens[i] as number);
  return hash;
}
