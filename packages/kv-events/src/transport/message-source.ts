/** What a socket does: receive what is published under a topic, or ask and be answered. */
export type SocketPattern = "subscribe" | "dealer";

export interface MessageSocketOptions {
  readonly pattern: SocketPattern;
  /** `tcp://host:port`, or whatever else the source understands. */
  readonly address: string;
  /** Byte prefix of the topics to receive; for `subscribe` only. */
  readonly topic: string;
  /** Longest message in bytes. */
  readonly maxMessageBytes: number;
  /** The peer answers and, for `subscribe`, has been told the topic. */
  onOpen(): void;
  /** One message. The frames belong to the receiver and do not change. */
  onMessage(frames: readonly Uint8Array[]): void;
  /** The peer cannot be reached or is lost. Comes once, and not after `close()`. */
  onClose(reason: string): void;
}

/** One connection to one peer. It does not reconnect. */
export interface MessageSocket {
  /** Sends one message; before `onOpen` it waits. */
  send(frames: readonly Uint8Array[]): void;
  /** Frees the connection. No callback comes afterwards. Calling twice is harmless. */
  close(): void;
}

/** Where messages come from. The built-in one speaks ZMTP through the `zeromq` package. */
export interface MessageSource {
  readonly contractVersion: 1;
  /** Begins to connect. Rejects where the address makes no sense. */
  open(options: MessageSocketOptions): Promise<MessageSocket>;
}
