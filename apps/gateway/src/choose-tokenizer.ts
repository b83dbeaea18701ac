import type { Logger, Metrics, Tokenizer } from "@warmpath/contracts";
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
  /** An endpoint publishes KV events: exact ids are of use. */
  readonly hasEvents: boolean;
  readonly fleet: Fleet;
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
  const { tokenizer, hasEvents } = choice;
  if (typeof tokenizer !== "string") return tokenizer;
  switch (tokenizer) {
    case "auto":
      return hasEvents ? renderTokenizer(choice) : undefined;
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

/** Asks engines that serve the request's model. */
function renderTokenizer({ fleet, timeoutMs, engineHeaders }: TokenizerChoice): Tokenizer {
  return createRenderTokenizer({
    endpointUrls: (model) => fleet.candidatesFor(model).map(({ endpoint }) => endpoint.url),
    timeoutMs,
    headers: engineHeaders,
  });
}
