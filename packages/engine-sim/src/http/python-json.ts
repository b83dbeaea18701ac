/** Where and why Python's `json` module refuses a text. */
export interface PythonJsonError {
  /** Character offset. */
  readonly at: number;
  readonly message: string;
}

/** Finds what Python's `json.loads` complains about; undefined where it does not. */
export function findPythonJsonError(text: string): PythonJsonError | undefined {
  const scan = new Scan(text);
  try {
    scan.skipSpace();
    scan.value();
    scan.skipSpace();
    return scan.at < text.length ? { at: scan.at, message: "Extra data" } : undefined;
  } catch (error) {
    if (error instanceof Found) return error;
    throw error;
  }
}

class Found extends Error implements PythonJsonError {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORDS = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];

class Scan {
  at = 0;

  constructor(readonly text: string) {}

  skipSpace(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  value(): void {
    const char = this.text[this.at];
    if (char === '"') this.string();
    else if (char === "{") this.object();
    else if (char === "[") this.array();
    else this.scalar();
  }

  private scalar(): void {
    const word = WORDS.find((one) => this.text.startsWith(one, this.at));
    NUMBER.lastIndex = this.at;
    const found = word ?? NUMBER.exec(this.text)?.[0];
    if (!found) throw new Found(this.at, "Expecting value");
    this.at += found.length;
  }

  private array(): void {
    this.at++;
    this.skipSpace();
    if (this.text[this.at] === "]") {
      this.at++;
      return;
    }
    for (;;) {
      this.value();
      this.skipSpace();
      if (this.take("]")) return;
      if (!this.take(",")) throw new Found(this.at, "Expecting ',' delimiter");
      this.skipSpace();
    }
  }

  private object(): void {
    this.at++;
    this.skipSpace();
    if (this.take("}")) return;
    for (;;) {
      if (this.text[this.at] !== '"') throw new Found(this.at, "Expecting property name enclosed in double quotes");
      this.string();
      this.skipSpace();
      if (!this.take(":")) throw new Found(this.at, "Expecting ':' delimiter");
      this.skipSpace();
      this.value();
      this.skipSpace();
      if (this.take("}")) return;
      if (!this.take(",")) throw new Found(this.at, "Expecting ',' delimiter");
      this.skipSpace();
    }
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private string(): void {
    const start = this.at++;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new Found(start, "Unterminated string starting at");
      if (char === '"') break;
      if (char < " ") throw new Found(this.at, "Invalid control character at");
      this.at += char === "\\" ? this.escape(start) : 1;
    }
    this.at++;
  }

  /** Length of the escape that begins here. */
  private escape(start: number): number {
    const kind = this.text[this.at + 1];
    if (kind === undefined) throw new Found(start, "Unterminated string starting at");
    if ('"\\/bfnrt'.includes(kind)) return 2;
    if (kind !== "u") throw new Found(this.at, "Invalid \\escape");
    if (!/^[0-9a-fA-F]{4}/.test(this.text.slice(this.at + 2, this.at + 6))) {
      throw new Found(this.at + 1, "Invalid \\uXXXX escape");
    }
    return 6;
  }
}
