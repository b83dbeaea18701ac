import { isUtf8 } from "node:buffer";
import { asBuffer, hasByteOrderMark, OPEN_BRACE } from "./bytes";
import { invalidJson } from "./invalid";
import { JsonScanner } from "./json-scanner";
import { Members } from "./members";

/** A body that is one JSON object, and where its members stand. */
export interface ScannedBody {
  readonly scanner: JsonScanner;
  readonly members: Members;
}

/** One pass over the bytes. Throws `invalid_json` for anything but one whole JSON object in UTF-8. */
export function scanBody(body: Uint8Array): ScannedBody {
  const bytes = asBuffer(body);
  if (!isUtf8(bytes)) throw invalidJson("it is not UTF-8");
  const scanner = new JsonScanner(bytes);
  const start = scanner.skipSpace(hasByteOrderMark(bytes) ? 3 : 0);
  if (scanner.peek(start) !== OPEN_BRACE) {
    throw start >= scanner.end ? invalidJson("it is empty") : invalidJson("it does not begin with '{'");
  }
  const members = new Members(scanner).read(start, 1);
  const end = scanner.skipSpace(members.end);
  if (end < scanner.end) throw scanner.unexpected(end);
  scanner.trust();
  return { scanner, members };
}
