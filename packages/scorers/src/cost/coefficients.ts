/**
 * What an engine's steps cost. One step with P prefill tokens and D decoding sequences that hold K tokens of context
 * takes about `stepMs + max(weightReadMs, prefillMsPerToken * P) + decodeMsPerSequence * D + contextMsPerToken * K +
 * attentionMsPerTokenPair * A`, where A is the sum over prefill tokens of the tokens before them.
 */
export interface CostCoefficients {
  /** Launch and scheduling of one step. */
  readonly stepMs: number;
  /** Reading the weights once: the least time of a step's linear layers. */
  readonly weightReadMs: number;
  /** Linear layers, per prefill token. */
  readonly prefillMsPerToken: number;
  /** Attention, per prefill token and token before it. */
  readonly attentionMsPerTokenPair: number;
  /** Sampling and bookkeeping, per decoding sequence and step. */
  readonly decodeMsPerSequence: number;
  /** Reading KV context, per token and step. */
  readonly contextMsPerToken: number;
  /** Most prefill tokens in one step. */
  readonly chunkTokens: number;
  /** Loading a token's KV from CPU memory, and the start of such a load. */
  readonly cpuMsPerToken: number;
  readonly cpuLoadMs: number;
  /** The same from storage. */
  readonly storageMsPerToken: number;
  readonly storageLoadMs: number;
}

/** Bytes of KV per token over the bandwidth of the load path in bytes per ms. */
const perToken = (kvBytes: number, gigabytesPerSecond: number): number => kvBytes / (gigabytesPerSecond * 1e6);

const H100 = {
  chunkTokens: 8192,
  cpuLoadMs: 2,
  storageLoadMs: 10,
  decodeMsPerSequence: 0.01,
  weightReadMs: 12,
  stepMs: 3,
};

/** Named engines. `qwen3-32b-h100-tp2` is fitted to published runs, the others are scaled from measured shapes. */
export const COST_PROFILES = {
  "qwen3-32b-h100-tp2": {
    ...H100,
    prefillMsPerToken: 0.046,
    attentionMsPerTokenPair: 1.93e-6,
    contextMsPerToken: 0.042e-3,
    cpuMsPerToken: perToken(262_144, 50),
    storageMsPerToken: perToken(262_144, 22.7),
  },
  "llama-3.1-70b-h100-tp4": {
    ...H100,
    stepMs: 3.5,
    weightReadMs: 14.3,
    prefillMsPerToken: 0.0541,
    attentionMsPerTokenPair: 2.4e-6,
    contextMsPerToken: 0.0288e-3,
    cpuMsPerToken: perToken(327_680, 50),
    storageMsPerToken: perToken(327_680, 22.7),
  },
  "llama-3.1-8b-h100-tp1": {
    ...H100,
    weightReadMs: 6,
    prefillMsPerToken: 0.022,
    attentionMsPerTokenPair: 0.96e-6,
    contextMsPerToken: 0.046e-3,
    cpuMsPerToken: perToken(131_072, 50),
    storageMsPerToken: perToken(131_072, 22.7),
  },
  "llama-3-8b-a100-tp1": {
    ...H100,
    weightReadMs: 9.7,
    prefillMsPerToken: 0.0662,
    attentionMsPerTokenPair: 3.06e-6,
    contextMsPerToken: 0.08e-3,
    cpuMsPerToken: perToken(131_072, 25),
    storageMsPerToken: perToken(131_072, 22.7),
  },
} as const satisfies Readonly<Record<string, CostCoefficients>>;

export type CostProfileName = keyof typeof COST_PROFILES;

/** The profile that is used where none is named. */
export const DEFAULT_COST_PROFILE: CostProfileName = "qwen3-32b-h100-tp2";
