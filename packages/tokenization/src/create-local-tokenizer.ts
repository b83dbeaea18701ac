import { type InferenceRequest, type TokenizedPrompt, WarmpathError } from "@warmpath/contracts";
import { readBody } from "./chat/body";
import { invalid, unavailable } from "./chat/errors";
import { booleanField } from "./chat/fields";
import { type RenderContext, renderTemplate } from "./chat/render-template";
import { createTemplateSet, type TemplateSet } from "./chat/template-set";
import { truncatePrompt } from "./chat/truncate";
import type { TextEncoding } from "./encoder/encoder";
import { createHuggingFaceEncoding, type TokenizerJson } from "./encoder/hugging-face";
import { withTokenizerClass } from "./encoder/native-rules";
import { isWellFormed } from "./encoder/well-formed";
import { createHarmonyRenderer, type HarmonyRenderer } from "./harmony/render";
import type { TokenizerFiles } from "./load/tokenizer-files";
import type { LocalTokenizerOptions } from "./local-options";
import type { LocalTokenizer, RenderedChat } from "./local-tokenizer";
import { longWordBytes } from "./long-words";
import { clientPrompt } from "./prompt";
import { fromJavaScript, isDict, type PyDict, toJavaScript } from "./python/values";
import { readSpecialTokens } from "./special-tokens";
import { strftime } from "./template/strftime";

/** Encoding holds up the caller's thread: about 0.5 s for so many bytes in long words, and 8 s for so long a body. */
const MAX_LONG_WORD_BYTES = 65_536;
const MAX_BODY_BYTES = 16 * 2 ** 20;

function refuseWhatTakesTooLong(body: Uint8Array): void {
  if (body.length > MAX_BODY_BYTES) unavailable(`A body of ${body.length} bytes is too long to be tokenized here.`);
  if (longWordBytes(body) > MAX_LONG_WORD_BYTES) unavailable("The prompt's words are too long to be tokenized here.");
}

/** A tokenizer over files that are already read. */
export function createLocalTokenizer(files: TokenizerFiles, options: LocalTokenizerOptions = {}): LocalTokenizer {
  const encoding = createEncoding(files, options);
  const templates = createTemplateSet(
    options.chatTemplate === undefined ? files.templates : new Map([["default", options.chatTemplate]]),
  );
  const renderChat = createChatRenderer(files, options, encoding, templates);
  const encode = (text: string, addSpecialTokens: boolean): Uint32Array =>
    Uint32Array.from(
      addSpecialTokens ? [...encoding.prefix, ...encoding.encode(text), ...encoding.suffix] : encoding.encode(text),
    );

  return {
    contractVersion: 1,
    name: options.name ?? "local",
    vocabularySize: encoding.size,
    chatTemplateSha256: templates.sha256,
    encode: (text, { addSpecialTokens }) => encode(text, addSpecialTokens),
    decode: (ids, decodeOptions) => encoding.decode(Array.from(ids), decodeOptions?.skipSpecialTokens ?? false),
    renderChat: (body) => renderChat(readBody(body)),
    tokenize: (request) => tokenize(request, renderChat, encode),
  };
}

function createEncoding(files: TokenizerFiles, options: LocalTokenizerOptions): TextEncoding {
  const json = options.rules === "file" ? files.tokenizer : withTokenizerClass(files.tokenizer, files.config);
  try {
    return createHuggingFaceEncoding(json as TokenizerJson);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown";
    throw new WarmpathError("tokenizer_malformed", `The tokenizer of ${files.source} cannot be built: ${reason}.`, {
      cause,
    });
  }
}

function createChatRenderer(
  files: TokenizerFiles,
  options: LocalTokenizerOptions,
  encoding: TextEncoding,
  templates: TemplateSet,
): (body: PyDict) => RenderedChat {
  const now = options.now ?? (() => new Date());
  const excludeToolsWhenNone = options.excludeToolsWhenToolChoiceNone ?? false;
  const date = (): string => options.systemStartDate ?? strftime(now(), "%Y-%m-%d");
  const harmony = usesHarmony(files, options)
    ? createHarmonyRenderer(encoding, { date, excludeToolsWhenNone })
    : undefined;
  if (harmony) return (body) => renderHarmony(body, harmony, encoding);
  if (options.chatFormat === "harmony") unavailable(`The tokenizer of ${files.source} lacks Harmony's tokens.`);
  const defaults = fromJavaScript(options.defaultTemplateArguments ?? {});
  const context: RenderContext = {
    templates,
    specialTokens: readSpecialTokens(files.config),
    contentFormat: options.contentFormat,
    defaults: isDict(defaults) ? defaults : new Map(),
    excludeToolsWhenNone,
    now,
  };
  return (body) => renderText(body, context, encoding);
}

function usesHarmony(files: TokenizerFiles, options: LocalTokenizerOptions): boolean {
  const format = options.chatFormat ?? "auto";
  if (format !== "auto") return format === "harmony";
  return files.modelConfig === undefined || files.modelConfig.model_type === "gpt_oss";
}

function renderHarmony(body: PyDict, harmony: HarmonyRenderer, encoding: TextEncoding): RenderedChat {
  const ids = harmony.render(body);
  return {
    text: encoding.decode(ids, false),
    tokenIds: Uint32Array.from(ids),
    messages: undefined,
    templateArguments: undefined,
  };
}

function renderText(body: PyDict, context: RenderContext, encoding: TextEncoding): RenderedChat {
  const { text, messages, templateArguments } = renderTemplate(body, context);
  if (!isWellFormed(text)) invalid("messages", "A text holds half a surrogate pair.");
  const ids = encoding.encode(text);
  const around = booleanField(body, "add_special_tokens", false);
  const all = Uint32Array.from(around ? [...encoding.prefix, ...ids, ...encoding.suffix] : ids);
  return {
    text,
    tokenIds: truncatePrompt(all, body.get("truncate_prompt_tokens"), body.get("truncation_side")),
    get messages() {
      return messages.map(toJavaScript);
    },
    get templateArguments() {
      return toJavaScript(new Map(templateArguments)) as Record<string, unknown>;
    },
  };
}

function tokenize(
  request: InferenceRequest,
  renderChat: (body: PyDict) => RenderedChat,
  encode: (text: string, addSpecialTokens: boolean) => Uint32Array,
): TokenizedPrompt {
  if (request.multimodal) unavailable("A prompt with parts that are not text can only be tokenized by the engine.");
  const prompt = request.prompt();
  const given = clientPrompt(prompt);
  if (given) return given;
  refuseWhatTakesTooLong(request.body);
  const result = (tokenIds: Uint32Array): TokenizedPrompt => ({
    tokenIds,
    exact: true,
    source: "local",
    multimodal: [],
  });
  if (prompt.kind === "messages") return result(renderChat(readBody(request.body)).tokenIds);
  const text = prompt.kind === "text" ? prompt.text : prompt.kind === "texts" ? (prompt.texts[0] ?? "") : "";
  if (text === "") invalid("prompt", "The prompt must not be empty.");
  if (!isWellFormed(text)) invalid("prompt", "The prompt holds half a surrogate pair.");
  const ids = encode(text, request.value("add_special_tokens") !== false);
  return result(truncatePrompt(ids, request.value("truncate_prompt_tokens"), request.value("truncation_side")));
}
