import type { AnswerReader } from "./answer-reader";
import { AnswerState, parseRecord } from "./answer-state";
import { EventLines } from "./event-lines";
import { EVENT_TELLS_MORE, EVENT_TELLS_USAGE, surveyEvent } from "./survey-event";

const DONE = Buffer.from("[DONE]");

/** Reads a stream of chunks. Most events are only searched for three names; few are parsed. Names are found unescaped only. */
export class EventAnswerReader implements AnswerReader {
  readonly result = new AnswerState();
  private readonly lines: EventLines;
  /** The newest event that tells nothing but the usage: `buffer[start, end)`. */
  private usageBuffer: Buffer | undefined;
  private usageStart = 0;
  private usageEnd = 0;

  constructor(maxBufferBytes: number) {
    this.lines = new EventLines((bytes, start, end) => this.event(bytes, start, end), maxBufferBytes);
  }

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
    this.result.midEvent = this.lines.midEvent;
    this.keepUsage();
  }

  end(): AnswerState {
    this.lines.end();
    this.keepUsage();
    return this.result;
  }

  private event(bytes: Buffer, start: number, end: number): void {
    const { result } = this;
    if (end - start === DONE.length && DONE.compare(bytes, start, end) === 0) {
      result.done = true;
      return;
    }
    const tells = surveyEvent(bytes, start, end);
    if (!result.firstTokenSeen || (tells & EVENT_TELLS_MORE) !== 0) {
      this.keepUsage();
      const event = parseRecord(bytes.subarray(start, end));
      if (event) result.readEvent(event);
    } else if ((tells & EVENT_TELLS_USAGE) !== 0) {
      this.usageBuffer = bytes;
      this.usageStart = start;
      this.usageEnd = end;
    }
  }

  /** Hands the newest usage on before its chunk goes; it is parsed when somebody asks. */
  private keepUsage(): void {
    if (!this.usageBuffer) return;
    this.result.deferUsage(Buffer.from(this.usageBuffer.subarray(this.usageStart, this.usageEnd)));
    this.usageBuffer = undefined;
  }
}
