import { Agent } from "node:http";
import type { ArmStats } from "./arm-stats";
import { chat } from "./client";
import type { ChatMessage, Conversation } from "./workload";

export interface DriveOptions {
  readonly url: string;
  readonly model: string;
  readonly conversations: readonly Conversation[];
  /** Conversations that go on at the same time. */
  readonly concurrency: number;
  readonly maxTokens: number;
  readonly stats: ArmStats;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Holds every conversation through, some at a time. Ends early, without an error, when the signal fires. */
export async function drive(options: DriveOptions): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  const queue = options.conversations.values();
  const worker = async (): Promise<void> => {
    for (const conversation of queue) {
      if (options.signal.aborted) return;
      await converse(conversation, options, agent);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.concurrency }, worker));
  } finally {
    agent.destroy();
  }
}

async function converse({ system, questions }: Conversation, options: DriveOptions, agent: Agent): Promise<void> {
  const messages: ChatMessage[] = [{ role: "system", content: system }];
  for (const content of questions) {
    messages.push({ role: "user", content });
    try {
      const result = await chat({ ...options, messages, agent });
      options.stats.add(result);
      messages.push({ role: "assistant", content: result.text });
    } catch (error) {
      if (options.signal.aborted) return;
      options.stats.fail(error);
      return;
    }
  }
}
