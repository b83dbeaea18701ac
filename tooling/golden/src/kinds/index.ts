import type { GoldenKind } from "../kind";
import { dynamoHashesKind } from "./dynamo-hashes";
import { llmdBlockKeysKind } from "./llm-d-block-keys";
import { llmdEventDecodeKind } from "./llm-d-event-decode";
import { vllmEventsKind } from "./vllm-events";
import { vllmHashesKind } from "./vllm-hashes";

/** Every kind that a room can run, asked in this order. */
export const kinds: readonly GoldenKind[] = [
  vllmHashesKind,
  vllmEventsKind,
  llmdBlockKeysKind,
  llmdEventDecodeKind,
  dynamoHashesKind,
];
