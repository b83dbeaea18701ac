import { asBuffer, COLON, CR, hasByteOrderMark, LF, SPACE } from "./bytes";

/** Receives the data of one event: `bytes[start, end)`. The bytes may be a view of a chunk. */
export type EventHandler = (bytes: Buffer, start: number, end: number) => void;

const DATA = Buffer.from("data");
const LINE_FEED = Buffer.from("\n");

/**
 * Splits a server-sent event stream (WHATWG HTML, section 9.2) into events across chunk borders. Lines end with LF, CR or
 * CRLF; comments and fields other than `data` are passed over; several data lines are joined by LF. An event of more than
 * `maxEventBytes` is passed over too, so that memory stays bounded.
 */
export class EventLines {
  /** True while the last line or event is unfinished. */
  midEvent = false;
  private readonly handle: EventHandler;
  private readonly maxEventBytes: number;
  /** Pieces of the unfinished line. */
  private partial: Buffer[] = [];
  private partialBytes = 0;
  private skipLineFeed = false;
  private isFirstLine = true;
  /** Data of the unfinished event; undefined before its first data line. */
  private data: Buffer | undefined;
  private dataStart = 0;
  private dataEnd = 0;
  private isOversized = false;

  constructor(handle: EventHandler, maxEventBytes: number) {
    this.handle = handle;
    this.maxEventBytes = maxEventBytes;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const bytes = asBuffer(chunk);
    let at = this.skipLineFeed && bytes[0] === LF ? 1 : 0;
    this.skipLineFeed = false;
    let carriageReturn = bytes.indexOf(CR, at);
    let lineFeed = bytes.indexOf(LF, at);
    for (;;) {
      const isCarriageReturn = carriageReturn >= 0 && (lineFeed < 0 || carriageReturn < lineFeed);
      const end = isCarriageReturn ? carriageReturn : lineFeed;
      if (end < 0) break;
      this.endLine(bytes, at, end);
      at = end + 1;
      if (isCarriageReturn) {
        if (at === bytes.length) this.skipLineFeed = true;
        else if (bytes[at] === LF) at++;
        carriageReturn = bytes.indexOf(CR, at);
      }
      if (lineFeed >= 0 && lineFeed < at) lineFeed = bytes.indexOf(LF, at);
    }
    this.keep(bytes, at);
  }

  /** The stream ended: a last line or event without its end counts as ended. */
  end(): void {
    if (this.partialBytes > 0) this.endLine(LINE_FEED, 0, 0);
    this.endEvent();
  }

  /** Holds on to what is unfinished, in bytes of its own, so that it does not pin a chunk. */
  private keep(chunk: Buffer, at: number): void {
    const rest = chunk.length - at;
    if (rest > 0) {
      this.midEvent = true;
      this.partialBytes += rest;
      if (this.partialBytes > this.maxEventBytes) this.dropEvent();
      if (!this.isOversized) this.partial.push(Buffer.from(chunk.subarray(at)));
    }
    if (this.data === chunk) this.setData(Buffer.from(chunk.subarray(this.dataStart, this.dataEnd)));
  }

  private dropEvent(): void {
    this.isOversized = true;
    this.partial = [];
    this.data = undefined;
  }

  private endLine(bytes: Buffer, start: number, end: number): void {
    if (this.partialBytes === 0) {
      this.line(bytes, start, end);
      return;
    }
    this.partialBytes = 0;
    if (this.isOversized) return;
    this.partial.push(bytes.subarray(start, end));
    const whole = Buffer.concat(this.partial);
    this.partial = [];
    this.line(whole, 0, whole.length);
  }

  private line(bytes: Buffer, lineStart: number, end: number): void {
    let start = lineStart;
    if (this.isFirstLine) {
      this.isFirstLine = false;
      if (hasByteOrderMark(bytes.subarray(start, end))) start += 3;
    }
    if (start === end) {
      this.endEvent();
      return;
    }
    this.midEvent = true;
    if (end - lineStart > this.maxEventBytes) this.dropEvent();
    if (!this.isOversized && isDataLine(bytes, start, end)) this.addData(bytes, dataStart(bytes, start, end), end);
  }

  private addData(bytes: Buffer, start: number, end: number): void {
    if (this.data === undefined) {
      this.data = bytes;
      this.dataStart = start;
      this.dataEnd = end;
      return;
    }
    const before = this.data.subarray(this.dataStart, this.dataEnd);
    this.setData(Buffer.concat([before, LINE_FEED, bytes.subarray(start, end)]));
    if (this.dataEnd > this.maxEventBytes) this.dropEvent();
  }

  private setData(data: Buffer): void {
    this.data = data;
    this.dataStart = 0;
    this.dataEnd = data.length;
  }

  private endEvent(): void {
    const { data } = this;
    this.data = undefined;
    this.isOversized = false;
    this.midEvent = false;
    if (data) this.handle(data, this.dataStart, this.dataEnd);
  }
}

/** `data` alone or `data:…`. */
function isDataLine(bytes: Buffer, start: number, end: number): boolean {
  for (let i = 0; i < DATA.length; i++) if (bytes[start + i] !== DATA[i]) return false;
  return start + DATA.length === end || bytes[start + DATA.length] === COLON;
}

/** Behind the colon and one space. */
function dataStart(bytes: Buffer, start: number, end: number): number {
  const at = Math.min(start + DATA.length + 1, end);
  return at < end && bytes[at] === SPACE ? at + 1 : at;
}
