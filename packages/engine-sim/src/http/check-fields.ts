import { refuse, refuseParameter } from "./refusal";
import {
  type Complaint,
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkRecord,
  checkText,
  type FieldCheck,
  refuseComplaints,
} from "./validation";

type Fields = Readonly<Record<string, unknown>>;

interface FieldRule {
  readonly name: string;
  readonly check: FieldCheck;
  readonly nullable: boolean;
}

function rules(check: FieldCheck, nullable: boolean, ...names: string[]): FieldRule[] {
  return names.map((name) => ({ name, check, nullable }));
}

const SHARED: readonly FieldRule[] = [
  ...rules(checkText, true, "model"),
  ...rules(checkNumber, true, "frequency_penalty"),
  ...rules(checkInteger, true, "max_tokens", "max_completion_tokens"),
  ...rules(checkInteger, false, "n"),
  ...rules(checkNumber, true, "presence_penalty"),
  ...rules(checkInteger, true, "seed"),
  ...rules(checkBoolean, true, "stream"),
  ...rules(checkRecord, true, "stream_options"),
  ...rules(checkNumber, true, "temperature", "top_p", "min_p", "repetition_penalty"),
  ...rules(checkInteger, true, "top_k"),
  ...rules(checkBoolean, false, "ignore_eos"),
  ...rules(checkInteger, false, "min_tokens", "priority"),
  ...rules(checkText, false, "request_id"),
  ...rules(checkBoolean, true, "return_token_ids"),
  ...rules(checkText, true, "cache_salt"),
  ...rules(checkRecord, true, "kv_transfer_params", "vllm_xargs"),
];

/** Checks the fields that both generating APIs have, in the order in which vLLM reports them. */
export function checkFields(fields: Fields, own: readonly Complaint[]): void {
  checkSalt(fields.cache_salt);
  const complaints = [...own, ...SHARED.flatMap((rule) => checkField(fields, rule))];
  if (complaints.length > 0) throw refuseComplaints(complaints);
}

function checkField(fields: Fields, { name, check, nullable }: FieldRule): Complaint[] {
  const value = fields[name];
  if (value === undefined || (value === null && nullable)) return [];
  const found = check(value);
  return found ? [{ type: found[0], loc: `body.${name}`, msg: found[1], input: value }] : [];
}

function checkSalt(salt: unknown): void {
  if (salt === undefined || salt === null) return;
  if (typeof salt !== "string" || salt === "") {
    throw refuseParameter("Parameter 'cache_salt' must be a non-empty string if provided.", "cache_salt");
  }
  if (salt.length > 128 || /[@/\\\0]/.test(salt)) {
    const allowed = "must be at most 128 characters and must not contain '@', '/', '\\\\', or NUL.";
    throw refuseParameter(`Parameter 'cache_salt' ${allowed}`, "cache_salt");
  }
}

/** Complaints about the messages of a chat body. */
export function checkMessages(fields: Fields): Complaint[] {
  const { messages } = fields;
  if (messages === undefined) return [{ type: "missing", loc: "body.messages", msg: "Field required", input: fields }];
  const found = checkList(messages);
  return found ? [{ type: found[0], loc: "body.messages", msg: found[1], input: messages }] : [];
}

/** Complaints about the prompt of a completions body: token ids, lists of them, a text or texts. */
export function checkPrompt(fields: Fields): Complaint[] {
  const { prompt } = fields;
  if (prompt === undefined || prompt === null) return [];
  const branches = [
    listBranch(prompt, (item, loc) => tokenComplaints(item, loc)),
    listBranch(prompt, (item, loc) => nestedComplaints(item, loc)),
    complain(checkText, prompt, "body.prompt"),
    listBranch(prompt, (item, loc) => complain(checkText, item, loc)),
  ];
  return branches.some((branch) => branch.length === 0) ? [] : branches.flat();
}

type ItemCheck = (item: unknown, loc: string) => Complaint[];

function listBranch(value: unknown, item: ItemCheck, loc = "body.prompt"): Complaint[] {
  if (!Array.isArray(value)) return complain(checkList, value, loc);
  return value.flatMap((one, i) => item(one, `${loc}.${i}`));
}

function nestedComplaints(item: unknown, loc: string): Complaint[] {
  return listBranch(item, (one, inner) => tokenComplaints(one, inner), loc);
}

function tokenComplaints(item: unknown, loc: string): Complaint[] {
  const found = complain(checkInteger, item, loc);
  if (found.length > 0 || Number(item) >= 0) return found;
  const msg = "Input should be greater than or equal to 0";
  return [{ type: "greater_than_equal", loc, msg, input: item, ctx: { ge: 0 } }];
}

function complain(check: FieldCheck, value: unknown, loc: string): Complaint[] {
  const found = check(value);
  return found ? [{ type: found[0], loc, msg: found[1], input: value }] : [];
}

/** What vLLM refuses about values whose types are right. */
export function checkSampling(fields: Fields): void {
  const n = Number(fields.n ?? 1);
  if (n < 1) throw refuseParameter(`n must be at least 1, got ${n}.`, "n", n);
  const temperature = fields.temperature === null || fields.temperature === undefined ? 1 : Number(fields.temperature);
  if (temperature < 0) {
    throw refuseParameter(`temperature must be non-negative, got ${temperature}.`, "temperature", temperature);
  }
  if (n > 1 && temperature < 1e-5) throw refuse(400, `n must be 1 when using greedy sampling, got ${n}.`);
}
