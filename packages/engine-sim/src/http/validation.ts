import { pythonRepr } from "./python-repr";
import { type Refusal, refuse } from "./refusal";

/** One complaint, as pydantic words it. */
export interface Complaint {
  readonly type: string;
  readonly loc: string;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

const MOST_REPORTED = 10;
const MOST_INPUT_CHARS = 200;

/** The 400 that vLLM answers for complaints of its body models. */
export function refuseComplaints(complaints: readonly Complaint[]): Refusal {
  const lines = complaints
    .slice(0, MOST_REPORTED)
    .map((one) => `  ${pythonRepr({ ...one, input: summarize(one.input) })}`);
  const noun = complaints.length === 1 ? "error" : "errors";
  const message = `${complaints.length} validation ${noun}:\n${lines.join("\n")}`;
  const param = complaints[0]?.loc;
  return refuse(400, message, { type: "Bad Request", ...(param === undefined ? {} : { param }) });
}

/** A stand-in of bounded length: containers are counted, not shown. */
function summarize(value: unknown): string {
  if (Array.isArray(value)) return `<list of ${value.length} items>`;
  if (typeof value === "object" && value !== null) return `<dict of ${Object.keys(value).length} items>`;
  const text = typeof value === "string" ? value : pythonRepr(value);
  return text.length > MOST_INPUT_CHARS ? `${text.slice(0, MOST_INPUT_CHARS)}...[truncated]` : text;
}

/** A check of one field: the complaint's type and message, or undefined. */
export type FieldCheck = (value: unknown) => readonly [type: string, msg: string] | undefined;

/** A whole number; texts that spell one count. */
export const checkInteger: FieldCheck = (value) => {
  if (typeof value === "boolean" || Number.isInteger(value)) return undefined;
  if (typeof value === "number") {
    return ["int_from_float", "Input should be a valid integer, got a number with a fractional part"];
  }
  if (typeof value !== "string") return ["int_type", "Input should be a valid integer"];
  if (/^\s*[-+]?\d+(\.0+)?\s*$/.test(value)) return undefined;
  return ["int_parsing", "Input should be a valid integer, unable to parse string as an integer"];
};

/** A number; texts that spell one count. */
export const checkNumber: FieldCheck = (value) => {
  if (typeof value === "number" || typeof value === "boolean") return undefined;
  if (typeof value !== "string") return ["float_type", "Input should be a valid number"];
  if (value.trim() !== "" && !Number.isNaN(Number(value))) return undefined;
  return ["float_parsing", "Input should be a valid number, unable to parse string as a number"];
};

const BOOLEAN_TEXTS = /^(0|1|on|off|t|f|true|false|y|n|yes|no)$/i;

/** True or false; 0, 1 and the usual words count. */
export const checkBoolean: FieldCheck = (value) => {
  if (typeof value === "boolean" || value === 0 || value === 1) return undefined;
  if (typeof value === "string" && BOOLEAN_TEXTS.test(value)) return undefined;
  if (typeof value === "string" || typeof value === "number") {
    return ["bool_parsing", "Input should be a valid boolean, unable to interpret input"];
  }
  return ["bool_type", "Input should be a valid boolean"];
};

export const checkText: FieldCheck = (value) =>
  typeof value === "string" ? undefined : ["string_type", "Input should be a valid string"];

export const checkRecord: FieldCheck = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? undefined
    : ["dict_type", "Input should be a valid dictionary"];

export const checkList: FieldCheck = (value) =>
  Array.isArray(value) ? undefined : ["list_type", "Input should be a valid list"];
