import type { IncomingMessage } from "node:http";
import { findPythonJsonError } from "./python-json";
import { Refusal, refuse } from "./refusal";
import { refuseComplaints } from "./validation";

/** A JSON object as it came, and parsed. */
export interface JsonBody {
  readonly bytes: Uint8Array;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a request's body. Refuses what vLLM refuses before it looks at fields. */
export async function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const mediaType = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    const message = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed";
    throw refuse(400, message, { type: "Bad Request" });
  }
  const bytes = Buffer.concat(chunks);
  return { bytes, fields: parseFields(bytes) };
}

function parseFields(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) {
    throw refuseComplaints([{ type: "missing", loc: "body", msg: "Field required", input: null }]);
  }
  const value = parseJson(decodeText(bytes));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const msg = "Input should be a valid dictionary or object to extract fields from";
  throw refuseComplaints([{ type: "model_attributes_type", loc: "body", msg, input: value }]);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const detail = "There was an error parsing the body";
    throw new Refusal("invalid_json", 400, { detail }, `${detail}: ${String(cause)}`);
  }
}

function parseJson(text: string): unknown {
  const error = findPythonJsonError(text);
  if (error) {
    const complaint = { type: "json_invalid", loc: `body.${error.at}`, msg: "JSON decode error", input: {} };
    throw refuseComplaints([{ ...complaint, ctx: { error: error.message } }]);
  }
  try {
    return JSON.parse(text);
  } catch {
    // NaN and Infinity: Python reads them, and no request of ours means anything by them.
    return JSON.parse(text.replace(/\b-?(NaN|Infinity)\b/g, "null"));
  }
}
