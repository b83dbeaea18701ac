import { isDict, type PyDict, type PyValue } from "../python/values";
import { isText } from "./fields";

/**
 * The content parts that vLLM's message types declare. A part is matched against each: required keys must be there
 * with the right type, optional ones may be. Extra keys are allowed everywhere.
 */
interface PartType {
  readonly type: string | undefined;
  readonly typeRequired?: boolean;
  readonly required: Readonly<Record<string, (value: PyValue) => boolean>>;
  readonly optional?: Readonly<Record<string, (value: PyValue) => boolean>>;
}

const isNullableText = (value: PyValue): boolean => value === null || isText(value);
const isBoolean = (value: PyValue): boolean => typeof value === "boolean";
const isObject = (value: PyValue): boolean => isDict(value);
const hasUrl = (value: PyValue): boolean => isDict(value) && isText(value.get("url"));
const hasAudio = (value: PyValue): boolean =>
  isDict(value) && isText(value.get("data")) && (value.get("format") === "wav" || value.get("format") === "mp3");

const TEXT: PartType = { type: "text", required: { text: isText } };
const REFUSAL: PartType = { type: "refusal", required: { refusal: isText } };
const IMAGE: PartType = { type: "image_url", required: { image_url: hasUrl } };
const AUDIO: PartType = { type: "input_audio", required: { input_audio: hasAudio } };
const FILE: PartType = { type: "file", required: { file: isObject } };

/** Parts that OpenAI's type of a role allows. */
const OPENAI_PARTS: Readonly<Record<string, readonly PartType[]>> = {
  user: [TEXT, IMAGE, AUDIO, FILE],
  assistant: [TEXT, REFUSAL],
  system: [TEXT],
  developer: [TEXT],
  tool: [TEXT],
};

/** Parts that vLLM's own message type allows; the last ones declare nothing that is required. */
const CUSTOM_PARTS: readonly PartType[] = [
  TEXT,
  IMAGE,
  AUDIO,
  FILE,
  REFUSAL,
  { type: "thinking", required: { thinking: isText }, optional: { closed: isBoolean } },
  { type: "audio_url", required: { audio_url: hasUrl } },
  { type: "video_url", required: { video_url: hasUrl } },
  { type: "tool_reference", typeRequired: false, required: {}, optional: { name: isText } },
  { type: undefined, required: {}, optional: { image_url: isNullableText, uuid: isNullableText } },
];

/** Declared keys that a part fills in `type`; undefined when it does not fit. */
function matchPart(part: PyDict, type: PartType): number | undefined {
  let count = 0;
  if (type.type !== undefined && part.has("type")) {
    if (part.get("type") !== type.type) return undefined;
    count++;
  } else if (type.type !== undefined && type.typeRequired !== false) {
    return undefined;
  }
  for (const [key, check] of Object.entries(type.required)) {
    if (!part.has(key) || !check(part.get(key) as PyValue)) return undefined;
    count++;
  }
  for (const [key, check] of Object.entries(type.optional ?? {})) {
    if (!part.has(key)) continue;
    if (!check(part.get(key) as PyValue)) return undefined;
    count++;
  }
  return count;
}

/** True when OpenAI's type of `role` allows this part. */
export function fitsOpenAIPart(role: string, part: PyValue): boolean {
  return isDict(part) && (OPENAI_PARTS[role] ?? []).some((type) => matchPart(part, type) !== undefined);
}

/** Declared keys that the part fills in the best of vLLM's own part types; undefined when it fits none. */
export function countCustomPart(part: PyValue): number | undefined {
  if (isText(part)) return 0;
  if (!isDict(part)) return undefined;
  const counts = CUSTOM_PARTS.flatMap((type) => matchPart(part, type) ?? []);
  return counts.length > 0 ? Math.max(...counts) : undefined;
}
