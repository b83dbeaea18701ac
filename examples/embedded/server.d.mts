import type { Tokenizer } from "@warmpath/contracts";
import type { EndpointSpec, Fleet } from "@warmpath/fleet";

export interface EmbeddedServer {
  readonly url: string;
  readonly fleet: Fleet;
  close(): Promise<unknown>;
}

export declare function serve(options: {
  readonly endpoints: readonly EndpointSpec[];
  readonly tokenizer: Tokenizer;
  readonly port?: number;
}): Promise<EmbeddedServer>;
