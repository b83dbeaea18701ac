import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./bytes";
import { invalidField } from "./invalid";
import type { JsonScanner } from "./json-scanner";
import { Members } from "./members";
import { readText } from "./scalars";

/** Types of parts that hold text. */
const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "input_text", "output_text", "refusal", "thinking"]);

/**
 * Checks the array of messages at `at`; true when one has a part that is not text. Throws `invalid_request` when a
 * message is not an object, or its role or content has a wrong type.
 */
export function readMessages(scanner: JsonScanner, at: number): boolean {
  // Both serve for every message and part in turn.
  const message = new Members(scanner);
  const part = new Members(scanner);
  let multimodal = false;
  scanner.forEachItem(at, 2, (start, index) => {
    if (scanner.bytes[start] !== OPEN_BRACE) throw invalidField(`messages.${index}`, "an object");
    message.read(start, 3);
    const role = message.find("role");
    if (role < 0 || scanner.bytes[message.valueStart(role)] !== QUOTE) {
      throw invalidField(`messages.${index}.role`, "a string");
    }
    if (readContent(scanner, message, part, index)) multimodal = true;
    return message.end;
  });
  return multimodal;
}

/** True when the content has a part that is not text. */
function readContent(scanner: JsonScanner, message: Members, part: Members, index: number): boolean {
  const content = message.find("content");
  if (content < 0) return false;
  const start = message.valueStart(content);
  const first = scanner.bytes[start];
  if (first === QUOTE || first === 0x6e) return false;
  if (first !== OPEN_BRACKET) throw invalidField(`messages.${index}.content`, "a string, an array of parts, or null");
  let multimodal = false;
  scanner.forEachItem(start, 4, (partStart, partIndex) => {
    const kind = scanner.bytes[partStart];
    if (kind === QUOTE) return scanner.skipString(partStart);
    if (kind !== OPEN_BRACE) throw invalidField(`messages.${index}.content.${partIndex}`, "a content part");
    part.read(partStart, 5);
    if (!TEXT_TYPES.has(partType(scanner, part))) multimodal = true;
    return part.end;
  });
  return multimodal;
}

/** A part without a type is text when it has a text, as it is for the engines. */
function partType(scanner: JsonScanner, part: Members): string {
  const type = part.find("type");
  if (type < 0) return part.find("text") < 0 ? "" : "text";
  if (scanner.bytes[part.valueStart(type)] !== QUOTE) return "";
  return readText(scanner.bytes, part.valueStart(type), part.valueEnd(type));
}
