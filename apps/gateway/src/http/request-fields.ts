import { NameTable } from "./name-table";

/** Kinds of request headers; each fits a bit of a drop mask. */
export const REQUEST_HOP = 1;
export const REQUEST_CONNECTION = 2;
export const REQUEST_HOST = 3;
export const REQUEST_LENGTH = 4;
export const REQUEST_ENCODING = 5;
export const REQUEST_EXPECT = 6;
export const REQUEST_CONTROL = 7;
export const REQUEST_EXPLAIN = 8;
export const REQUEST_RANK = 9;
export const REQUEST_ID = 10;

const HOP_BY_HOP = [
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
];

/**
 * Headers by which a router tells the next hop where a request goes or what it may do. From a client they are never
 * trusted and never passed on. Both spellings of llm-d, then Dynamo's and SMG's pins.
 */
export const CONTROL_HEADERS: readonly string[] = [
  "x-gateway-destination-endpoint",
  "x-gateway-destination-endpoint-served",
  "x-gateway-destination-endpoint-subset",
  "x-prefiller-host-port",
  "x-encoder-hosts-ports",
  "x-data-parallel-host-port",
  "x-kv-cache-source-host-port",
  "x-llm-d-inference-fairness-id",
  "x-gateway-inference-fairness-id",
  "x-llm-d-inference-objective",
  "x-gateway-inference-objective",
  "x-llm-d-model-name-rewrite",
  "x-gateway-model-name-rewrite",
  "x-llm-d-slo-ttft-ms",
  "x-llm-d-slo-tpot-ms",
  "x-slo-ttft-ms",
  "x-slo-tpot-ms",
  "x-llm-d-request-dropped-reason",
  "epp-profile",
  "test-epp-endpoint-selection",
  "x-conformance-test-served-endpoint",
  "x-worker-instance-id",
  "x-prefill-instance-id",
  "x-dp-rank",
  "x-prefill-dp-rank",
  "x-smg-target-worker",
];

function kindsOf(names: readonly string[], kind: number): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, kind]));
}

/** The request headers that the gateway itself reads or drops. */
export const REQUEST_FIELDS: NameTable = new NameTable({
  ...kindsOf(HOP_BY_HOP, REQUEST_HOP),
  ...kindsOf(CONTROL_HEADERS, REQUEST_CONTROL),
  connection: REQUEST_CONNECTION,
  host: REQUEST_HOST,
  "content-length": REQUEST_LENGTH,
  "transfer-encoding": REQUEST_ENCODING,
  expect: REQUEST_EXPECT,
  "x-warmpath-explain": REQUEST_EXPLAIN,
  "x-data-parallel-rank": REQUEST_RANK,
  "x-request-id": REQUEST_ID,
});
