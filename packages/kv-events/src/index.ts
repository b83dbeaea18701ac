// For users: events in and out.
export { type DecodeOptions, decodeKvEventBatch } from "./decode/batch";
export { type EncodeOptions, encodeKvEventBatch } from "./encode/encode-batch";
export type { EngineBatch, EngineBlocksRemoved, EngineBlocksStored, EngineEvent } from "./encode/engine-batch";
export type { DecodeReason } from "./msgpack/failure";
export { createKvEventPublisher } from "./publisher/publisher";
export type { KvEventPublisher, KvEventPublisherOptions } from "./publisher/types";
export { rankAddress, rankEndpoint } from "./rank-address";
export { subscribeKvEvents } from "./subscription/subscribe";
export type { KvEventSubscribeOptions, KvEventSubscription, KvEventSubscriptionState } from "./subscription/types";
export { formatKvTopic, type KvTopic, parseKvTopic } from "./topic";
// For extenders: other transports.
export type { MessageSocket, MessageSocketOptions, MessageSource, SocketPattern } from "./transport/message-source";
export { createZeromqSource } from "./transport/zeromq-source";
