import type { IncomingHttpHeaders } from "node:http";
import type { Engine } from "./engine";
import { pythonFloat } from "./python-repr";

/** The load report that a client asks for with `endpoint-load-metrics-format: TEXT` or `JSON`. */
export function loadReport(engine: Engine, headers: IncomingHttpHeaders): Record<string, string> {
  const format = String(headers["endpoint-load-metrics-format"] ?? "").toUpperCase();
  if (format !== "TEXT" && format !== "JSON") return {};
  const waiting = engine.ranks.reduce((sum, { replica }) => sum + replica.waitingRequests, 0);
  const usage = engine.ranks.reduce((sum, { replica }) => sum + replica.kvUtilization, 0) / engine.ranks.length;
  const report =
    format === "JSON"
      ? `{"named_metrics": {"num_requests_waiting": ${pythonFloat(waiting)}, "kv_cache_usage_perc": ${pythonFloat(usage)}}}`
      : `named_metrics.num_requests_waiting=${pythonFloat(waiting)}, named_metrics.kv_cache_usage_perc=${pythonFloat(usage)}`;
  return { "endpoint-load-metrics": `${format} ${report}` };
}
