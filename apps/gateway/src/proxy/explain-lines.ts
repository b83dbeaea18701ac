import type { Decision } from "@warmpath/contracts";

/** Header values hold visible ASCII; whatever else an id or a reason holds is escaped as in JSON. */
function safe(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function line(name: string, value: string | number | undefined): string {
  return value === undefined ? "" : `x-warmpath-${name}: ${safe(String(value))}\r\n`;
}

function milliseconds(value: number | undefined): string | undefined {
  return value?.toFixed(3);
}

/** Header lines that tell a client how its request was routed; `endpointId` is where it went in the end. */
export function explainLines(decision: Decision, endpointId: string): string {
  return (
    line("endpoint", endpointId) +
    line("reason", decision.reason) +
    line("profile", decision.profile) +
    line("prompt-tokens", decision.promptTokens) +
    line("predicted-cached-tokens", decision.predictedCachedTokens) +
    line("predicted-ttft-ms", milliseconds(decision.predictedTtftMs)) +
    line("decide-ms", milliseconds(decision.decideMs)) +
    line("degraded", decision.degraded.length === 0 ? undefined : decision.degraded.join(", ")) +
    line("candidates", JSON.stringify(decision.explain()))
  );
}
