import { WarmpathError } from "@warmpath/contracts";
import type { EndpointSpec } from "@warmpath/fleet";

/** Ports at which engines publish KV events, for endpoints that name none of their own. */
export interface EventPorts {
  readonly publish: number | undefined;
  readonly replay: number | undefined;
  readonly topic: string;
}

const KEYS = ["kv", "replay", "topic", "model", "rank", "id"];

/** Reads `URL[,kv=tcp://HOST:PORT][,replay=tcp://HOST:PORT][,topic=TEXT][,model=NAME][,rank=N][,id=NAME]`. */
export function parseEndpointArgument(text: string): EndpointSpec {
  const [url = "", ...parts] = text.split(",");
  if (!/^https?:\/\/[^/]/.test(url)) throw wrong(text, "it must start with http:// or https://");
  const fields = new Map<string, string>();
  const models: string[] = [];
  for (const part of parts) {
    const at = part.indexOf("=");
    const key = at < 0 ? part : part.slice(0, at);
    const value = at < 0 ? "" : part.slice(at + 1);
    if (!KEYS.includes(key)) throw wrong(text, `"${key}" is none of ${KEYS.join(", ")}`);
    if (value === "") throw wrong(text, `"${key}" has no value`);
    if (key === "model") models.push(value);
    else if (fields.has(key)) throw wrong(text, `"${key}" is given twice`);
    else fields.set(key, value);
  }
  return toSpec(text, url.replace(/\/+$/, ""), models, fields);
}

function toSpec(text: string, url: string, models: string[], fields: ReadonlyMap<string, string>): EndpointSpec {
  const kv = fields.get("kv");
  const replay = fields.get("replay");
  if (kv === undefined && replay !== undefined) throw wrong(text, "replay needs kv");
  const rank = fields.get("rank");
  if (rank !== undefined && !/^\d{1,5}$/.test(rank)) throw wrong(text, "rank must be a number from 0");
  return {
    url,
    id: fields.get("id"),
    models: models.length === 0 ? undefined : models,
    dataParallelRank: rank === undefined ? undefined : Number(rank),
    kvEvents: kv === undefined ? undefined : { publish: kv, replay, topic: fields.get("topic") ?? "" },
  };
}

/** The spec with event addresses on its own host, where it has none and `ports` says where engines publish. */
export function withEventPorts(spec: EndpointSpec, ports: EventPorts): EndpointSpec {
  if (spec.kvEvents !== undefined || ports.publish === undefined) return spec;
  const { hostname } = new URL(spec.url);
  const at = (port: number): string => `tcp://${hostname}:${port + (spec.dataParallelRank ?? 0)}`;
  const replay = ports.replay === undefined ? undefined : at(ports.replay);
  return { ...spec, kvEvents: { publish: at(ports.publish), replay, topic: ports.topic } };
}

function wrong(text: string, why: string): WarmpathError {
  return new WarmpathError("invalid_configuration", `--endpoint ${text}: ${why}.`);
}
