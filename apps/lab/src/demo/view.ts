import { alignRows } from "../align-rows";
import type { ArmFigures } from "./arm-stats";

/** Where lines go; `process.stdout` fits. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Arm {
  readonly name: string;
  readonly figures: ArmFigures;
}

/** Shows the comparison while it runs, and once more when it has ended. */
export interface View {
  update(arms: readonly Arm[], elapsedMs: number): void;
  end(arms: readonly Arm[]): void;
}

/** A table that redraws itself in a terminal; elsewhere a plain line now and then. */
export function createView(screen: Screen): View {
  return screen.isTTY ? terminalView(screen) : lineView(screen);
}

const COLUMNS = ["", "requests", "failed", "cache hits", "TTFT p50", "TTFT p90", "max/mean"];

function row({ name, figures: f }: Arm): string[] {
  const ms = (value: number): string => (Number.isNaN(value) ? "–" : `${value.toFixed(0)} ms`);
  return [
    name,
    String(f.requests),
    String(f.failed),
    `${(100 * f.hitRate).toFixed(1)} %`,
    ms(f.ttftP50Ms),
    ms(f.ttftP90Ms),
    f.maxOverMean.toFixed(2),
  ];
}

/** The table as lines of equal width. */
export function table(arms: readonly Arm[]): string[] {
  return alignRows([COLUMNS, ...arms.map(row)]);
}

const BAR = 32;

function bar(share: number): string {
  const full = Math.round(share * BAR);
  return "█".repeat(full) + "░".repeat(BAR - full);
}

function endpointLines({ name, figures }: Arm): string[] {
  const entries = [...figures.byEndpoint].sort(([a], [b]) => (a < b ? -1 : 1));
  const most = Math.max(1, ...figures.byEndpoint.values());
  return [`${name}, requests by engine`, ...entries.map(([id, count]) => `  ${id}  ${bar(count / most)} ${count}`)];
}

function terminalView(screen: Screen): View {
  let drawn = 0;
  const draw = (lines: readonly string[]): void => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : "";
    screen.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}\u001b[J`);
    drawn = lines.length;
  };
  const lines = (arms: readonly Arm[]): string[] => [
    ...table(arms),
    ...arms.map((arm) => `${arm.name.padEnd(12)} ${bar(arm.figures.hitRate)} of prompt tokens from cache`),
    ...arms.flatMap(endpointLines),
  ];
  return {
    update: (arms, elapsedMs) => draw([`${(elapsedMs / 1000).toFixed(0)} s`, ...lines(arms)]),
    end: (arms) => draw(["done", ...lines(arms)]),
  };
}

const LINE_EVERY_MS = 3000;

function lineView(screen: Screen): View {
  let next = 0;
  return {
    update(arms, elapsedMs) {
      if (elapsedMs < next) return;
      next = elapsedMs + LINE_EVERY_MS;
      const parts = arms.map(
        ({ name, figures: f }) => `${name}: ${f.requests} requests, ${(100 * f.hitRate).toFixed(1)} % from cache`,
      );
      screen.write(`${(elapsedMs / 1000).toFixed(0)} s  ${parts.join("  |  ")}\n`);
    },
    end: (arms) => screen.write(`${table(arms).join("\n")}\n`),
  };
}
