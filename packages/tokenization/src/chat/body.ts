import { WarmpathError } from "@warmpath/contracts";
import { parsePythonJson } from "../python/parse-json";
import { fromJavaScript, isDict, type PyDict, type PyValue } from "../python/values";
import { invalid } from "./errors";

/** Reads a request body as Python does. Throws `invalid_json`, or `invalid_request` when it is not an object. */
export function readBody(body: Uint8Array | string | object): PyDict {
  const value = isBytesOrText(body) ? parse(body) : fromJavaScript(body);
  return isDict(value) ? value : invalid("body", "The body must be a JSON object.");
}

function isBytesOrText(body: Uint8Array | string | object): body is Uint8Array | string {
  return typeof body === "string" || body instanceof Uint8Array;
}

function parse(body: Uint8Array | string): PyValue {
  try {
    return parsePythonJson(typeof body === "string" ? body : decodeJson(body));
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    throw new WarmpathError("invalid_json", `The body is not valid JSON: ${reason}.`, { cause: error });
  }
}

/** Decodes as Python's `json.loads` does: by byte order mark, else by where the zero bytes stand. */
function decodeJson(bytes: Uint8Array): string {
  const encoding = detectEncoding(bytes);
  if (encoding === "utf-32le" || encoding === "utf-32be") return decodeUtf32(bytes, encoding === "utf-32le");
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

function detectEncoding(bytes: Uint8Array): string {
  const [a = 1, b = 1, c = 1, d = 1] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 && bytes.length >= 4 ? "utf-32le" : "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  if (a === 0 && b === 0) return "utf-32be";
  if (a === 0) return "utf-16be";
  if (b === 0) return bytes.length >= 4 && c === 0 && d === 0 ? "utf-32le" : "utf-16le";
  return "utf-8";
}

function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string {
  if (bytes.length % 4 !== 0) throw new TypeError("truncated UTF-32");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) text += String.fromCodePoint(view.getUint32(i, littleEndian));
  return text.replace(/^\ufeff/, "");
}
