import type { Candidate } from "@warmpath/contracts";
import type { Member } from "./member";

/** Lists of fit endpoints by model, made when first asked for and kept until `invalidate`. */
export class CandidateLists {
  readonly #lists = new Map<string, readonly Candidate[]>();
  #anyModel: readonly Candidate[] | undefined;

  constructor(private readonly members: () => Iterable<Member>) {}

  invalidate(): void {
    this.#lists.clear();
    this.#anyModel = undefined;
  }

  for(model: string): readonly Candidate[] {
    const known = this.#lists.get(model);
    if (known) return known;
    const all = [...this.members()];
    if (all.some((member) => member.endpoint.models.includes(model))) {
      const list = fit(all.filter((member) => member.serves(model)));
      this.#lists.set(model, list);
      return list;
    }
    // Names that nobody lists come from clients: a list for each of them would let clients fill the memory.
    this.#anyModel ??= fit(all.filter((member) => member.servesAny));
    return this.#anyModel;
  }
}

/** Ready ones that are not set aside; all ready ones when every one is set aside. */
function fit(members: readonly Member[]): readonly Candidate[] {
  const ready = members.filter((member) => member.ready);
  const sound = ready.filter((member) => !member.ejected);
  return sound.length > 0 ? sound : ready;
}
