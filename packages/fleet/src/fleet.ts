import { type Candidate, type Endpoint, WarmpathError } from "@warmpath/contracts";
import { LoadBooking } from "./booking";
import { CandidateLists } from "./candidate-lists";
import { createFleetMetrics, type FleetMetrics } from "./fleet-metrics";
import { LiveLoad, type SharedNow } from "./live-load";
import { Member } from "./member";
import type { ModelCard } from "./model-list";
import { type ResolvedFleetOptions, resolveFleetOptions } from "./options";
import { Poller, type PollerEvents } from "./poller";
import { Slots } from "./slots";
import type {
  Booking,
  BookingSize,
  EndpointSpec,
  EndpointStatus,
  EngineMetrics,
  Fleet,
  FleetChange,
  FleetOptions,
  ServedModel,
} from "./types";

/** Makes an empty fleet. It probes and scrapes its endpoints until `close`. */
export function createFleet(options: FleetOptions): Fleet {
  return new LiveFleet(resolveFleetOptions(options));
}

class LiveFleet implements Fleet {
  readonly #options: ResolvedFleetOptions;
  readonly #now: SharedNow;
  /** By id, in the order of addition. */
  readonly #members = new Map<string, Member>();
  readonly #bySlot: (Member | undefined)[] = [];
  readonly #pollers = new Map<Member, Poller>();
  readonly #slots = new Slots();
  readonly #listeners = new Set<(change: FleetChange) => void>();
  readonly #lists = new CandidateLists(() => this.#members.values());
  readonly #metrics: FleetMetrics;
  /** Key model by served name; undefined = to be made anew. */
  #keyModels: Map<string, string> | undefined;
  readonly #events: PollerEvents = {
    scraped: (member, metrics) => this.#scraped(member, metrics),
    listed: (member, cards) => this.#listed(member, cards),
    unlisted: (member) => this.#unlisted(member),
    probed: (member, ready) => this.#probed(member, ready),
    intervalMs: () => this.#intervalMs(),
  };

  constructor(options: ResolvedFleetOptions) {
    this.#options = options;
    this.#now = { ms: options.clock.nowMs(), staleAfterMs: options.staleAfterMs };
    this.#metrics = createFleetMetrics(options.metrics);
  }

  add(spec: EndpointSpec): Endpoint {
    const member = this.#newMember(spec);
    const { id, slot } = member.endpoint;
    this.#members.set(id, member);
    this.#bySlot[slot] = member;
    this.#resized();
    if (this.#options.polling) this.#pollers.set(member, new Poller(member, this.#options, this.#events));
    this.#changed("added", member);
    return member.endpoint;
  }

  remove(id: string): boolean {
    const member = this.#members.get(id);
    if (!member) return false;
    member.cancelEjection();
    this.#pollers.get(member)?.close();
    this.#pollers.delete(member);
    this.#members.delete(id);
    this.#bySlot[member.endpoint.slot] = undefined;
    this.#resized();
    this.#changed("removed", member);
    this.#slots.release(member.endpoint.slot);
    return true;
  }

  endpoints(): readonly Endpoint[] {
    return Array.from(this.#members.values(), (member) => member.endpoint);
  }

  status(): readonly EndpointStatus[] {
    this.#now.ms = this.#options.clock.nowMs();
    return Array.from(this.#members.values(), ({ endpoint, load, ready, ejected }) => ({
      endpoint,
      load,
      ready,
      ejected,
    }));
  }

  at(slot: number): Candidate | undefined {
    return this.#bySlot[slot];
  }

  candidatesFor(model: string): readonly Candidate[] {
    this.#now.ms = this.#options.clock.nowMs();
    return this.#lists.for(model);
  }

  knowsModel(model: string): boolean {
    for (const member of this.#members.values()) if (member.serves(model)) return true;
    return false;
  }

  models(): readonly ServedModel[] {
    const union = new Map<string, ServedModel>();
    for (const { ready, cards } of this.#members.values())
      for (const card of ready ? cards : []) if (!union.has(card.id)) union.set(card.id, { id: card.id, card });
    return [...union.values()];
  }

  keyModel(model: string): string {
    this.#keyModels ??= keyModels(this.#members.values());
    return this.#keyModels.get(model) ?? model;
  }

  baseModel(slot: number): string | undefined {
    return this.#bySlot[slot]?.baseModel;
  }

  onChange(listener: (change: FleetChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  book(slot: number, size: BookingSize): Booking {
    // The endpoint may have gone between pick and booking: the request then weighs on nobody.
    return new LoadBooking(this.#bySlot[slot]?.load ?? new LiveLoad(this.#now), size);
  }

  markFailed(slot: number): void {
    const member = this.#bySlot[slot];
    if (!member) return;
    this.#pollers.get(member)?.hurry();
    // Requests that fail together are one failure: the pause runs already.
    if (member.ejected) return;
    const pauseMs = Math.min(this.#options.ejectionMs * 2 ** member.failedRequests, this.#options.maxEjectionMs);
    member.failedRequests = Math.min(member.failedRequests + 1, 30);
    member.ejected = true;
    member.cancelEjection = this.#options.clock.schedule(pauseMs, () => this.#readmit(member));
    this.#metrics.ejections.add();
    this.#options.logger.warn(
      { endpoint: member.endpoint.id, pauseMs },
      "A request failed; the endpoint is set aside.",
    );
    this.#changed("changed", member);
  }

  markGood(slot: number): void {
    const member = this.#bySlot[slot];
    if (!member || member.failedRequests === 0) return;
    member.failedRequests = 0;
    if (member.ejected) this.#readmit(member);
  }

  report(slot: number, metrics: EngineMetrics): void {
    const member = this.#bySlot[slot];
    if (member) this.#scraped(member, metrics);
  }

  close(): void {
    for (const poller of this.#pollers.values()) poller.close();
    for (const member of this.#members.values()) member.cancelEjection();
    this.#pollers.clear();
    this.#listeners.clear();
  }

  #newMember(spec: EndpointSpec): Member {
    const slot = this.#slots.take();
    try {
      const member = new Member(spec, slot, this.#now);
      const { id } = member.endpoint;
      if (!this.#members.has(id)) return member;
      throw new WarmpathError("invalid_configuration", `There are two endpoints with the id "${id}".`);
    } catch (error) {
      this.#slots.release(slot);
      throw error;
    }
  }

  #scraped(member: Member, metrics: EngineMetrics | undefined): void {
    (metrics ? this.#metrics.scrapes : this.#metrics.failedScrapes).add();
    if (!metrics) return;
    this.#now.ms = this.#options.clock.nowMs();
    member.load.update(metrics, this.#now.ms);
  }

  #listed(member: Member, cards: readonly ModelCard[]): void {
    const changed = member.setCards(cards) || member.servesAny;
    member.servesAny = false;
    if (changed) this.#changed("changed", member);
  }

  #unlisted(member: Member): void {
    if (member.servesAny) return;
    member.servesAny = true;
    this.#changed("changed", member);
  }

  #probed(member: Member, ready: boolean): void {
    if (member.ready === ready) return;
    member.ready = ready;
    const { logger } = this.#options;
    const fields = { endpoint: member.endpoint.id, models: member.endpoint.models };
    if (ready) logger.info(fields, "The endpoint is ready.");
    else logger.warn(fields, "The endpoint does not answer; it gets no requests.");
    this.#changed("changed", member);
  }

  #readmit(member: Member): void {
    member.cancelEjection();
    member.ejected = false;
    this.#changed("changed", member);
  }

  /** The scrape rate of the whole fleet is bounded, so the interval grows with it, and what counts as stale too. */
  #intervalMs(): number {
    const { scrapeIntervalMs, maxScrapesPerSecond } = this.#options;
    return Math.max(scrapeIntervalMs, (1000 * this.#members.size) / maxScrapesPerSecond);
  }

  #resized(): void {
    this.#now.staleAfterMs = Math.max(this.#options.staleAfterMs, 3 * this.#intervalMs());
    this.#metrics.endpoints.set(this.#members.size);
  }

  #changed(kind: FleetChange["kind"], member: Member): void {
    this.#lists.invalidate();
    this.#keyModels = undefined;
    let ready = 0;
    for (const each of this.#members.values()) if (each.ready) ready++;
    this.#metrics.readyEndpoints.set(ready);
    for (const listener of [...this.#listeners])
      this.#tell(listener, { kind, endpoint: member.endpoint, ready: member.ready });
  }

  #tell(listener: (change: FleetChange) => void, change: FleetChange): void {
    try {
      listener(change);
    } catch (error) {
      this.#options.logger.error({ err: error, endpoint: change.endpoint.id }, "A fleet listener failed.");
    }
  }
}

/** Where two endpoints disagree about an alias, the one added first decides. */
function keyModels(members: Iterable<Member>): Map<string, string> {
  const keys = new Map<string, string>();
  for (const member of members)
    for (const name of member.endpoint.models) if (!keys.has(name)) keys.set(name, member.keyModel(name) ?? name);
  return keys;
}
