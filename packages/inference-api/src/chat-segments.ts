import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./bytes";
import { invalidField } from "./invalid";
import type { JsonScanner } from "./json-scanner";
import { Members } from "./members";
import { readText } from "./scalars";

/** What a segment of a chat prompt is: text inside a JSON string, JSON to be taken as it is, or a part that is not text. */
export const SEGMENT_TEXT = 0;
export const SEGMENT_JSON = 1;
export const SEGMENT_MEDIA = 2;

/** Pieces of a prompt in order, three numbers each: kind, start, end. Text excludes its quotes. */
export type Segments = number[];

/** Parts that hold text, by their type: the field that holds it. */
const TEXT_FIELDS: ReadonlyMap<string, string> = new Map([
  ["text", "text"],
  ["input_text", "text"],
  ["output_text", "text"],
  ["refusal", "refusal"],
  ["thinking", "thinking"],
]);

/**
 * Appends the segments of the array of messages at `at`: of each message the role, the content and the tool calls.
 * Throws `invalid_request` when a message is not an object, or its role or content has a wrong type.
 */
export function readMessages(scanner: JsonScanner, at: number, into: Segments): void {
  // Both serve for every message and part in turn.
  const message = new Members(scanner);
  const part = new Members(scanner);
  scanner.forEachItem(at, 2, (start, index) => {
    if (scanner.bytes[start] !== OPEN_BRACE) throw invalidField(`messages.${index}`, "an object");
    message.read(start, 3);
    const role = message.find("role");
    if (role < 0 || scanner.bytes[message.valueStart(role)] !== QUOTE) {
      throw invalidField(`messages.${index}.role`, "a string");
    }
    pushText(into, message, role);
    readContent(scanner, message, part, index, into);
    const calls = message.find("tool_calls");
    if (calls >= 0 && scanner.bytes[message.valueStart(calls)] !== 0x6e) {
      into.push(SEGMENT_JSON, message.valueStart(calls), message.valueEnd(calls));
    }
    return message.end;
  });
}

function readContent(scanner: JsonScanner, message: Members, part: Members, index: number, into: Segments): void {
  const content = message.find("content");
  if (content < 0) return;
  const start = message.valueStart(content);
  const first = scanner.bytes[start];
  if (first === QUOTE) pushText(into, message, content);
  else if (first === OPEN_BRACKET) {
    scanner.forEachItem(start, 4, (partStart, partIndex) => {
      const kind = scanner.bytes[partStart];
      if (kind === OPEN_BRACE) return readPart(scanner, part.read(partStart, 5), partStart, into);
      if (kind !== QUOTE) throw invalidField(`messages.${index}.content.${partIndex}`, "a content part");
      const end = scanner.skipString(partStart);
      into.push(SEGMENT_TEXT, partStart + 1, end - 1);
      return end;
    });
  } else if (first !== 0x6e) {
    throw invalidField(`messages.${index}.content`, "a string, an array of parts, or null");
  }
}

function readPart(scanner: JsonScanner, part: Members, start: number, into: Segments): number {
  const field = TEXT_FIELDS.get(partType(scanner, part));
  const text = field === undefined ? -1 : part.find(field);
  if (text >= 0 && scanner.bytes[part.valueStart(text)] === QUOTE) pushText(into, part, text);
  else if (field === undefined) into.push(SEGMENT_MEDIA, start, part.end);
  return part.end;
}

/** A part without a type is text when it has a text, as it is for the engines. */
function partType(scanner: JsonScanner, part: Members): string {
  const type = part.find("type");
  if (type < 0) return part.find("text") < 0 ? "" : "text";
  if (scanner.bytes[part.valueStart(type)] !== QUOTE) return "";
  return readText(scanner.bytes, part.valueStart(type), part.valueEnd(type));
}

function pushText(into: Segments, members: Members, index: number): void {
  into.push(SEGMENT_TEXT, members.valueStart(index) + 1, members.valueEnd(index) - 1);
}
