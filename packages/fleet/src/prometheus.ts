/**
 * Calls `visit` for each sample of one metric in Prometheus text exposition format. `labels` is the text between the
 * braces, empty without braces. Finds lines by the metric's name alone, so that the histograms that fill most of an
 * engine's answer cost one native search. Lines whose value is no number are left out.
 */
export function forEachSample(text: string, metric: string, visit: (labels: string, value: number) => void): void {
  for (let at = text.indexOf(metric); at >= 0; at = text.indexOf(metric, at + metric.length)) {
    if (at > 0 && text.charCodeAt(at - 1) !== NEWLINE) continue;
    let next = at + metric.length;
    let labels = "";
    if (text.charCodeAt(next) === BRACE) {
      const end = endOfLabels(text, next + 1);
      if (end < 0) continue;
      labels = text.slice(next + 1, end);
      next = end + 1;
    } else if (text.charCodeAt(next) !== SPACE && text.charCodeAt(next) !== TAB) continue;
    const value = readValue(text, next);
    if (!Number.isNaN(value)) visit(labels, value);
  }
}

/** The value of one label in the text between a sample's braces, unescaped; undefined when absent. */
export function labelValue(labels: string, label: string): string | undefined {
  let at = 0;
  while (at < labels.length) {
    const equals = labels.indexOf("=", at);
    if (equals < 0) return undefined;
    const open = labels.indexOf('"', equals);
    if (open < 0) return undefined;
    const close = closingQuote(labels, open + 1);
    if (close < 0) return undefined;
    if (labels.slice(at, equals).trim() === label) return unescapeLabel(labels.slice(open + 1, close));
    at = close + 1;
    while (labels[at] === "," || labels[at] === " ") at++;
  }
  return undefined;
}

const NEWLINE = 10;
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACE = 123;
const BRACE_END = 125;

function endOfLabels(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BRACE_END) return at;
    if (code === NEWLINE) return -1;
    if (code !== QUOTE) continue;
    at = closingQuote(text, at + 1);
    if (at < 0) return -1;
  }
  return -1;
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

function unescapeLabel(value: string): string {
  if (!value.includes("\\")) return value;
  return value.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

/** The first word after the labels; a time stamp may follow. `+Inf` and `-Inf` are numbers, `NaN` is none. */
function readValue(text: string, from: number): number {
  let end = text.indexOf("\n", from);
  if (end < 0) end = text.length;
  const word = text.slice(from, end).trim().split(/\s+/, 1)[0] ?? "";
  if (word === "+Inf" || word === "Inf") return Number.POSITIVE_INFINITY;
  if (word === "-Inf") return Number.NEGATIVE_INFINITY;
  return word === "" ? Number.NaN : Number(word);
}
