import type { GoldenKind } from "../kind";

/** Every kind that a room can run, asked in this order. */
export const kinds: readonly GoldenKind[] = [];
