import type { Random } from "@warmpath/contracts";

/** One message of a chat. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** A conversation that grows turn by turn; each turn needs the answer to the one before. */
export interface Conversation {
  readonly system: string;
  readonly questions: readonly string[];
}

export interface WorkloadOptions {
  readonly random: Random;
  /** Assistants, each with a system prompt of its own that its users share. */
  readonly assistants: number;
  readonly usersPerAssistant: number;
  readonly turns: number;
  /** Words of a system prompt; a word is about 1.5 tokens. */
  readonly systemWords: number;
  readonly questionWords: number;
}

/** Conversations in a shuffled order, so that those of one assistant do not come one after the other. */
export function makeWorkload(options: WorkloadOptions): Conversation[] {
  const { random, assistants, usersPerAssistant, turns, systemWords, questionWords } = options;
  const conversations: Conversation[] = [];
  for (let assistant = 0; assistant < assistants; assistant++) {
    const system = `You are assistant ${assistant}. ${words(random, systemWords)}`;
    for (let user = 0; user < usersPerAssistant; user++) {
      const questions = Array.from({ length: turns }, () => `${words(random, questionWords)}?`);
      conversations.push({ system, questions });
    }
  }
  return shuffle(conversations, random);
}

const SYLLABLES = [
  "ka",
  "lo",
  "mi",
  "ter",
  "sun",
  "dra",
  "vel",
  "qui",
  "nor",
  "ash",
  "pe",
  "rin",
  "tos",
  "gal",
  "eb",
  "wyn",
];

function words(random: Random, count: number): string {
  const pick = (): string => SYLLABLES[Math.floor(random.next() * SYLLABLES.length)]!;
  return Array.from({ length: count }, () => (random.next() < 0.4 ? pick() : pick() + pick())).join(" ");
}

function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
