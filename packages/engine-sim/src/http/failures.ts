/** What goes wrong on purpose. Shares are between 0 and 1; everything defaults to nothing going wrong. */
export interface SimulatedFailures {
  /** Share of generating requests that are answered with 500. */
  readonly errorRate?: number | undefined;
  /** Closes new connections at once. */
  readonly refuse?: boolean | undefined;
  /** Share of answers whose connection breaks after `cutAfterTokens`. */
  readonly cutRate?: number | undefined;
  /** Tokens before a cut. Default 2. */
  readonly cutAfterTokens?: number | undefined;
  /** Requests are taken, but no step ends any more. */
  readonly stall?: boolean | undefined;
  /** Share of event batches that take their sequence number and are not sent; replay still has them. */
  readonly dropEventRate?: number | undefined;
}
