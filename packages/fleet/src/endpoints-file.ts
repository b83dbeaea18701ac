import { isIP } from "node:net";
import { type KvEventAddress, WarmpathError } from "@warmpath/contracts";
import { parseDocument } from "yaml";
import type { EndpointSpec } from "./types";

/** Longest endpoints file, in UTF-16 units. */
export const MAX_FILE_LENGTH = 1 << 20;

/** Endpoints of one file, and what was odd about it without being wrong. */
export interface EndpointsFile {
  readonly endpoints: readonly EndpointSpec[];
  readonly warnings: readonly string[];
}

const LLMD_KEYS = ["name", "namespace", "address", "port", "labels"];
const OWN_KEYS = ["url", "models", "kvEvents", "dataParallelRank"];

/**
 * Reads llm-d's file-discovery list, YAML or JSON: `endpoints: [{ name, namespace, address, port, labels }]` with an IP
 * address and the port as text. Beyond it an entry may have `url` instead of address and port, `models`,
 * `kvEvents: { publish, replay, topic }` and `dataParallelRank`. As there, the last of two equal names wins and unknown
 * keys are only warned about. Throws `invalid_configuration` that names the entry and the field.
 */
export function parseEndpointsFile(text: string): EndpointsFile {
  const root = readYaml(text);
  const list = isRecord(root) ? root.endpoints : undefined;
  if (!Array.isArray(list)) throw bad("there is no list `endpoints`");
  const warnings: string[] = [];
  const byId = new Map<string, EndpointSpec>();
  list.forEach((entry: unknown, i) => {
    const spec = readEntry(entry, `endpoints[${i}]`, warnings);
    const id = spec.id ?? spec.url;
    if (byId.has(id)) warnings.push(`endpoints[${i}]: the name "${id}" stands twice; the later one counts`);
    byId.set(id, spec);
  });
  return { endpoints: [...byId.values()], warnings };
}

function readYaml(text: string): unknown {
  if (text.length > MAX_FILE_LENGTH) throw bad(`it is longer than ${MAX_FILE_LENGTH} characters`);
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw bad(error.message.split("\n", 1)[0] ?? "it is not YAML");
  return document.toJS({ maxAliasCount: 100 });
}

function readEntry(entry: unknown, where: string, warnings: string[]): EndpointSpec {
  if (!isRecord(entry)) throw bad(`${where} is not a mapping`);
  for (const key of Object.keys(entry))
    if (!LLMD_KEYS.includes(key) && !OWN_KEYS.includes(key)) warnings.push(`${where}: the key \`${key}\` is not known`);
  return {
    id: readId(entry, where),
    url: entry.url === undefined ? readAddress(entry, where) : readUrl(entry.url, `${where}.url`),
    labels: readLabels(entry.labels, `${where}.labels`),
    models: readModels(entry.models, `${where}.models`),
    kvEvents: readKvEvents(entry.kvEvents, `${where}.kvEvents`),
    dataParallelRank: readRank(entry.dataParallelRank, `${where}.dataParallelRank`),
  };
}

function readId(entry: Record<string, unknown>, where: string): string | undefined {
  if (entry.name === undefined) return undefined;
  const namespace = entry.namespace === undefined ? "" : `${readText(entry.namespace, `${where}.namespace`)}/`;
  return namespace + readText(entry.name, `${where}.name`);
}

function readAddress(entry: Record<string, unknown>, where: string): string {
  const address = readText(entry.address, `${where}.address`);
  const port = readText(entry.port, `${where}.port`);
  const version = isIP(address);
  if (version === 0) throw bad(`${where}.address: "${address}" is no IP address; a host name goes into \`url\``);
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65535) throw bad(`${where}.port: "${port}" is not a port from 1 to 65535`);
  return `http://${version === 6 ? `[${address}]` : address}:${number}`;
}

function readUrl(value: unknown, where: string): string {
  const url = readText(value, where);
  if (/^https?:\/\/[^/?#@]+\/?$/.test(url) && URL.canParse(url)) return url;
  throw bad(`${where}: "${url}" is no endpoint URL; write http://host:port`);
}

function readText(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  const got = value === undefined ? "is missing" : `is ${JSON.stringify(value)}`;
  throw bad(`${where} ${got}; it must be text${typeof value === "number" ? " (in quotes)" : ""}`);
}

function readLabels(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw bad(`${where} is not a mapping`);
  return Object.fromEntries(Object.entries(value).map(([key, label]) => [key, readText(label, `${where}.${key}`)]));
}

function readModels(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw bad(`${where} is not a list`);
  return value.map((model: unknown, i) => readText(model, `${where}[${i}]`));
}

function readKvEvents(value: unknown, where: string): KvEventAddress | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw bad(`${where} is not a mapping`);
  return {
    publish: readText(value.publish, `${where}.publish`),
    replay: value.replay === undefined ? undefined : readText(value.replay, `${where}.replay`),
    topic: value.topic === undefined || value.topic === "" ? "" : readText(value.topic, `${where}.topic`),
  };
}

function readRank(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw bad(`${where} is ${JSON.stringify(value)}; it must be a whole number from 0`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(what: string): WarmpathError {
  return new WarmpathError("invalid_configuration", `Endpoints file: ${what}.`);
}
