import type { EngineTokenizer } from "../http/tokenizer";

/** One token a byte of UTF-8, and one for the start of each message: enough for an engine, exact to reason about. */
export function createByteTokenizer(): EngineTokenizer {
  const encode = (text: string): Uint32Array => Uint32Array.from(Buffer.from(text, "utf8"));
  return {
    name: "bytes",
    vocabularySize: 257,
    encode,
    decode: (ids) => Buffer.from([...ids].filter((id) => id < 256)).toString("utf8"),
    renderChat(body) {
      const { messages } = JSON.parse(Buffer.from(body as Uint8Array).toString("utf8")) as {
        messages: { role: string; content: string }[];
      };
      const tokens = messages.flatMap(({ role, content }) => [256, ...encode(`${role}\n${content}\n`)]);
      return { tokenIds: Uint32Array.from([...tokens, 256, ...encode("assistant\n")]) };
    },
  };
}
