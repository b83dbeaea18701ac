import { type ByteRange, type InferenceRequest, WarmpathError } from "@warmpath/contracts";
import { hasByteOrderMark, OPEN_BRACE } from "./bytes";
import type { Members } from "./members";
import { ParsedRequest } from "./parse-request";
import { type ScannedBody, scanBody } from "./scan-body";

/** Replaces the bytes of a range; an empty range inserts, an empty text removes. */
export interface BodyEdit extends ByteRange {
  /** What stands there afterwards. */
  readonly text: string;
}

/** New JSON text by top-level field; undefined removes the field. */
export type FieldChanges = Readonly<Record<string, string | undefined>>;

/** A copy of `body` with the edits made; every other byte is as it was. Edits may come in any order, but not overlap. */
export function spliceBody(body: Uint8Array, edits: readonly BodyEdit[]): Uint8Array {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of ordered) {
    if (start < at || end < start || end > body.length) {
      throw new WarmpathError("internal_error", `Edit ${start}..${end} overlaps another or lies outside the body.`);
    }
    pieces.push(body.subarray(at, start), Buffer.from(text));
    at = end;
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}

/** The body without a top-level field, however often and in whatever spelling it is there. The body itself where it is not. */
export function withoutField(request: InferenceRequest, name: string): Uint8Array {
  return withFields(request, { [name]: undefined });
}

/** The body with a top-level field set to `jsonText`: replaced where it stands, else appended. Duplicates of it go. */
export function withField(request: InferenceRequest, name: string, jsonText: string): Uint8Array {
  return withFields(request, { [name]: jsonText });
}

/** Several fields set and removed at once. The body itself where nothing changes. */
export function withFields(request: InferenceRequest, changes: FieldChanges): Uint8Array {
  const edits = fieldEdits(request, changes);
  return edits.length === 0 ? request.body : spliceBody(request.body, edits);
}

/** The edits behind `withFields`, to be made together with others. */
export function fieldEdits(request: InferenceRequest, changes: FieldChanges): BodyEdit[] {
  const { members, scanner } = scanned(request);
  const edits: BodyEdit[] = [];
  const removed = new Set<number>();
  const added: string[] = [];
  for (const [name, text] of Object.entries(changes)) {
    const found = members.findAll(name);
    const kept = text === undefined ? undefined : found.pop();
    for (const index of found) removed.add(index);
    if (kept !== undefined && text !== undefined) edits.push({ ...members.range(kept), text });
    else if (text !== undefined) added.push(`${JSON.stringify(name)}:${text}`);
  }
  for (const edit of removals(members, removed)) edits.push(edit);
  if (added.length > 0) edits.push(addition(scanner.bytes, members, removed, added));
  return edits;
}

/** Each run of removed members goes with the comma before the next kept one, or after the last kept one. */
function removals(members: Members, removed: ReadonlySet<number>): BodyEdit[] {
  const edits: BodyEdit[] = [];
  for (let first = 0; first < members.count; first++) {
    if (!removed.has(first)) continue;
    let next = first + 1;
    while (removed.has(next)) next++;
    if (next < members.count) edits.push({ start: members.keyStart(first), end: members.keyStart(next), text: "" });
    else {
      const start = first > 0 ? members.valueEnd(first - 1) : members.keyStart(first);
      edits.push({ start, end: members.valueEnd(next - 1), text: "" });
    }
    first = next;
  }
  return edits;
}

function addition(bytes: Buffer, members: Members, removed: ReadonlySet<number>, added: readonly string[]): BodyEdit {
  const isEmpty = removed.size === members.count;
  const at = members.count > 0 ? members.valueEnd(members.count - 1) : openingBrace(bytes) + 1;
  return { start: at, end: at, text: (isEmpty ? "" : ",") + added.join(",") };
}

function openingBrace(bytes: Buffer): number {
  return bytes.indexOf(OPEN_BRACE, hasByteOrderMark(bytes) ? 3 : 0);
}

function scanned(request: InferenceRequest): ScannedBody {
  return request instanceof ParsedRequest ? request : scanBody(request.body);
}
