import { WarmpathError } from "@warmpath/contracts";

/** A message that breaks HTTP's rules. Answered with `status`, and the connection is closed: its framing is not trusted. */
export class HttpRefusal extends WarmpathError {
  readonly #status: number;

  constructor(status: number, message: string) {
    super(status === 413 ? "request_too_large" : "invalid_request", message);
    this.#status = status;
  }

  override get status(): number {
    return this.#status;
  }
}
