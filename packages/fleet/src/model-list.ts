/** One entry of an engine's `GET /v1/models`. */
export interface ModelCard extends Readonly<Record<string, unknown>> {
  readonly id: string;
  /** Base model of an adapter; null or absent for base models. */
  readonly parent?: unknown;
}

/** Reads `{ data: [{ id, … }] }`; entries without an id are left out. Undefined when it is not such a list. */
export function readModelList(body: unknown): readonly ModelCard[] | undefined {
  const data = (body as { data?: unknown } | null)?.data;
  return Array.isArray(data) ? data.filter(isCard) : undefined;
}

function isCard(value: unknown): value is ModelCard {
  const id = (value as { id?: unknown } | null)?.id;
  return typeof id === "string" && id !== "";
}

/** First base model of the list: the name under which the engine's own events come. */
export function baseModelOf(cards: readonly ModelCard[]): string | undefined {
  return (cards.find((card) => !isAdapter(card)) ?? cards[0])?.id;
}

/** True for LoRA adapters: vLLM names their base model in `parent`. */
export function isAdapter(card: ModelCard): boolean {
  return typeof card.parent === "string" && card.parent !== "";
}
