/** What a topic says about its publisher. */
export interface KvTopic {
  /** Usually `ip:port`; the whole topic where it has another form. */
  readonly pod: string;
  /** Empty where the topic does not say. */
  readonly model: string;
}

/** Reads `kv@<pod>@<model>`. A model name may contain `@`. */
export function parseKvTopic(topic: string): KvTopic {
  const separator = topic.startsWith("kv@") ? topic.indexOf("@", 3) : -1;
  if (separator < 0) return { pod: topic, model: "" };
  return { pod: topic.slice(3, separator), model: topic.slice(separator + 1) };
}

/** Writes `kv@<pod>@<model>`. */
export function formatKvTopic(topic: KvTopic): string {
  return `kv@${topic.pod}@${topic.model}`;
}
