import { type Candidate, type Endpoint, WarmpathError } from "@warmpath/contracts";
import { LiveLoad, type SharedNow } from "./live-load";
import { baseModelOf, isAdapter, type ModelCard } from "./model-list";
import type { EndpointSpec } from "./types";

type LiveEndpoint = { -readonly [K in keyof Endpoint]: Endpoint[K] };

/** One endpoint with all that the fleet knows about it. Stands in candidate lists itself. */
export class Member implements Candidate {
  /** The same object for life; only its `models` change. */
  readonly endpoint: LiveEndpoint;
  readonly load: LiveLoad;
  cards: readonly ModelCard[] = [];
  /** True when the engine has no model list: it is then taken to serve every name. */
  servesAny = false;
  /** True when the spec names the models: the engine is not asked. */
  readonly fixedModels: boolean;
  ready: boolean;
  /** Failed requests since the last good one. */
  failedRequests = 0;
  ejected = false;
  cancelEjection: () => void = () => {};

  constructor(spec: EndpointSpec, slot: number, now: SharedNow) {
    const url = checkedUrl(spec.url);
    this.endpoint = {
      id: spec.id ?? defaultId(url, spec.dataParallelRank),
      slot,
      url,
      models: [],
      dataParallelRank: spec.dataParallelRank,
      kvEvents: spec.kvEvents,
      labels: spec.labels ?? {},
    };
    this.load = new LiveLoad(now);
    this.ready = spec.ready ?? false;
    this.fixedModels = spec.models !== undefined;
    if (spec.models) this.setCards(spec.models.map((id) => ({ id, object: "model" })));
  }

  serves(model: string): boolean {
    return this.servesAny || this.endpoint.models.includes(model);
  }

  /** True when the names changed. */
  setCards(cards: readonly ModelCard[]): boolean {
    const before = this.endpoint.models;
    const names = cards.map((card) => card.id);
    this.cards = cards;
    if (names.length === before.length && names.every((name, i) => name === before[i])) return false;
    this.endpoint.models = names;
    return true;
  }

  get baseModel(): string | undefined {
    return baseModelOf(this.cards);
  }

  /** The name that this engine's events have for the blocks of `model`; undefined when it does not list `model`. */
  keyModel(model: string): string | undefined {
    const card = this.cards.find(({ id }) => id === model);
    if (!card) return undefined;
    return isAdapter(card) ? model : this.baseModel;
  }
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search + url.username === "";
  if (plain) return url.origin;
  throw new WarmpathError("invalid_configuration", `"${text}" is no endpoint URL; write http://host:port.`);
}

function defaultId(origin: string, rank: number | undefined): string {
  const { hostname, port, protocol } = new URL(origin);
  const host = `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
  return rank === undefined ? host : `${host}/dp${rank}`;
}
