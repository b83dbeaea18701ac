import type { Logger } from "@warmpath/contracts";

/** Keeps what was logged: level and message. */
export class MemoryLogger implements Logger {
  readonly lines: string[] = [];

  debug(_: object, message = ""): void {
    this.lines.push(`debug ${message}`);
  }
  info(_: object, message = ""): void {
    this.lines.push(`info ${message}`);
  }
  warn(_: object, message = ""): void {
    this.lines.push(`warn ${message}`);
  }
  error(_: object, message = ""): void {
    this.lines.push(`error ${message}`);
  }
}
