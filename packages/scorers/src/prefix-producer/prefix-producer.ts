import { type DataKey, type DataProducer, type KvIndex, PREFIX_MATCH, type PrefixMatch } from "@warmpath/contracts";
import { type EngineBlockSize, IndexPrefixMatch } from "@warmpath/scheduling";

export const PREFIX_PRODUCER = "prefix-producer";

export interface PrefixProducerOptions {
  readonly index: KvIndex;
  /** Also the second half of its data's key. Default `prefix-producer`, whose data takes the place of the director's. */
  readonly name?: string | undefined;
  /** Default: as the index knows it, else the index's own. */
  readonly engineBlockSize?: EngineBlockSize | undefined;
}

/**
 * Looks the prompt up in an index. The director does this itself for its own index; this one is for a further index,
 * under a name of its own, or for a scheduler of one's own.
 */
export function createPrefixProducer(options: PrefixProducerOptions): DataProducer {
  const { index, name = PREFIX_PRODUCER } = options;
  const key: DataKey<PrefixMatch> = { type: PREFIX_MATCH.type, producer: name };
  const blockSize = options.engineBlockSize ?? ((slot) => index.engineBlockSizeTokens(slot) ?? index.blockSizeTokens);
  return {
    type: PREFIX_PRODUCER,
    name,
    produces: [key],
    produce(context) {
      if (!context.keys || !context.prompt) return;
      const match = new IndexPrefixMatch();
      match.lookup(index, context.keys, context.prompt.tokenIds.length, blockSize);
      context.set(key, match);
    },
  };
}
