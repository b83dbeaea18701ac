import type { Clock, Logger, Metrics, Tokenizer } from "@warmpath/contracts";
import type { Fleet } from "@warmpath/fleet";
import {
  createEstimateTokenizer,
  createRenderTokenizer,
  createSimulatedTokenizer,
  createTokenizerChain,
  loadTokenizer,
} from "@warmpath/tokenization";

/** What a choice of tokenizer depends on. */
export interface TokenizerChoice {
  /** As `GatewayOptions.tokenizer`. */
  readonly tokenizer: string | Tokenizer;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly engineHeaders: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The tokenizer that the options ask for, with the estimate behind it. Rejects when a named source cannot be loaded. */
export async function chooseTokenizer(choice: TokenizerChoice): Promise<Tokenizer> {
  const { logger, metrics } = choice;
  const estimate = createEstimateTokenizer();
  const first = await firstTokenizer(choice);
  if (first === undefined) return estimate;
  return createTokenizerChain([first, estimate], { logger, metrics });
}

async function firstTokenizer(choice: TokenizerChoice): Promise<Tokenizer | undefined> {
  const { tokenizer } = choice;
  if (typeof tokenizer !== "string") return tokenizer;
  switch (tokenizer) {
    case "auto":
      return renderWhereOfUse(choice);
    case "render":
      return renderTokenizer(choice);
    case "estimate":
      return undefined;
    case "simulated":
      return createSimulatedTokenizer();
    default:
      return await loadTokenizer({ source: tokenizer });
  }
}

/** Exact ids are of use while an endpoint publishes KV events; endpoints come and go. */
function renderWhereOfUse(choice: TokenizerChoice): Tokenizer {
  const { fleet } = choice;
  const ofUse = (): boolean => fleet.endpoints().some(({ kvEvents }) => kvEvents !== undefined);
  const render = renderTokenizer(choice);
  const estimate = createEstimateTokenizer();
  let tokenizer = ofUse() ? render : estimate;
  fleet.onChange(() => {
    tokenizer = ofUse() ? render : estimate;
  });
  return {
    contractVersion: 1,
    name: "auto",
    tokenize: (request, signal) => tokenizer.tokenize(request, signal),
  };
}

/** Asks engines that serve the request's model, in turn. */
function renderTokenizer({ fleet, clock, timeoutMs, engineHeaders }: TokenizerChoice): Tokenizer {
  let turn = 0;
  return createRenderTokenizer({
    endpointUrls(model) {
      const urls = fleet.candidatesFor(model).map(({ endpoint }) => endpoint.url);
      const first = urls.length === 0 ? 0 : turn++ % urls.length;
      return [...urls.slice(first), ...urls.slice(0, first)];
    },
    clock,
    timeoutMs,
    headers: engineHeaders,
  });
}
