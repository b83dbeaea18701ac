import { type PyValue, Undefined } from "../python/values";

/** Variables of one block. A `for` body, a macro and a call block have one of their own; `if` has not. */
export class Scope {
  readonly #names = new Map<string, PyValue>();

  constructor(readonly parent?: Scope) {}

  set(name: string, value: PyValue): void {
    this.#names.set(name, value);
  }

  get(name: string): PyValue {
    const value = this.#names.get(name);
    if (value !== undefined) return value;
    return this.parent ? this.parent.get(name) : new Undefined(`'${name}' is undefined`);
  }
}
