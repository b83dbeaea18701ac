import type { GoldenKind } from "../kind";
import { chatsKind } from "./chats";
import { clientRequestsKind } from "./client-requests";
import { dynamoHashesKind } from "./dynamo-hashes";
import { encodingsKind } from "./encodings";
import { llmdBlockKeysKind } from "./llm-d-block-keys";
import { llmdEventDecodeKind } from "./llm-d-event-decode";
import { simEventsKind } from "./sim-events";
import { simHttpKind } from "./sim-http";
import { vllmEventsKind } from "./vllm-events";
import { vllmHashesKind } from "./vllm-hashes";

/** Every kind that a room can run. */
export const kinds: readonly GoldenKind[] = [
  vllmHashesKind,
  vllmEventsKind,
  simEventsKind,
  simHttpKind,
  llmdBlockKeysKind,
  llmdEventDecodeKind,
  dynamoHashesKind,
  encodingsKind,
  chatsKind,
  clientRequestsKind,
];
