import type { AnswerReader } from "./answer-reader";
import { AnswerState, parseRecord } from "./answer-state";
import { CLOSE_BRACE, OPEN_BRACE, OPEN_BRACKET, SPACE } from "./bytes";
import { Members } from "./members";
import { type ScannedBody, scanBody } from "./scan-body";

/** Fields that mark a body as an error; see `readEngineError`. */
const ERROR_FIELDS = ["error", "detail"] as const;

/** Reads an answer in one JSON object: collected, then scanned once at its end. */
export class JsonAnswerReader implements AnswerReader {
  readonly result = new AnswerState();
  private readonly maxBufferBytes: number;
  private chunks: Uint8Array[] = [];
  private bytes = 0;
  /** The last byte that is not white space. */
  private lastByte = -1;

  constructor(maxBufferBytes: number) {
    this.maxBufferBytes = maxBufferBytes;
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.bytes <= this.maxBufferBytes) this.chunks.push(chunk);
    else this.chunks = [];
    for (let i = chunk.length - 1; i >= 0; i--) {
      if (chunk[i]! <= SPACE) continue;
      this.lastByte = chunk[i]!;
      break;
    }
  }

  end(): AnswerState {
    if (this.bytes > this.maxBufferBytes) {
      this.result.done = this.lastByte === CLOSE_BRACE;
      return this.result;
    }
    const scanned = tryScan(Buffer.concat(this.chunks));
    this.chunks = [];
    if (scanned) this.read(scanned);
    return this.result;
  }

  private read({ scanner, members }: ScannedBody): void {
    const { result } = this;
    result.done = true;
    const isError = ERROR_FIELDS.some((name) => members.find(name) >= 0) || this.isErrorObject(members, scanner.bytes);
    if (isError) result.readEvent(parseRecord(scanner.bytes) ?? {});
    const usage = members.find("usage");
    if (usage >= 0) {
      result.readUsage(parseRecord(scanner.bytes.subarray(members.valueStart(usage), members.valueEnd(usage))));
    }
    const choices = members.find("choices");
    if (choices >= 0 && scanner.bytes[members.valueStart(choices)] === OPEN_BRACKET) {
      const choice = new Members(scanner);
      scanner.forEachItem(members.valueStart(choices), 2, (start) => {
        if (scanner.bytes[start] !== OPEN_BRACE) return scanner.skipValue(start, 2);
        this.readChoice(choice.read(start, 3), scanner.bytes);
        return choice.end;
      });
    }
  }

  private readChoice(choice: Members, bytes: Buffer): void {
    this.result.firstTokenSeen = true;
    const value = (name: string): unknown => {
      const index = choice.find(name);
      if (index < 0) return undefined;
      return JSON.parse(bytes.toString("utf8", choice.valueStart(index), choice.valueEnd(index)));
    };
    this.result.readFinish(value("index"), value("finish_reason"));
  }

  private isErrorObject(members: Members, bytes: Buffer): boolean {
    const index = members.find("object");
    return index >= 0 && bytes.toString("latin1", members.valueStart(index), members.valueEnd(index)) === '"error"';
  }
}

function tryScan(bytes: Buffer): ScannedBody | undefined {
  try {
    return scanBody(bytes);
  } catch {
    return undefined;
  }
}
