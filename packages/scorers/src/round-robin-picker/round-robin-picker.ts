import type { Picker } from "@warmpath/contracts";

export const ROUND_ROBIN_PICKER = "round-robin-picker";

/** One after the other, in the order of the candidates. */
export function createRoundRobinPicker(options: { readonly name?: string | undefined } = {}): Picker {
  let turn = 0;
  return {
    type: ROUND_ROBIN_PICKER,
    name: options.name ?? ROUND_ROBIN_PICKER,
    pick: (_, { length }) => [turn++ % length],
  };
}
