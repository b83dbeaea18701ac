import { readFileSync } from "node:fs";
import { WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { parsePythonJson } from "../python/parse-json";
import { toJavaScript } from "../python/values";
import { readSpecialTokens } from "../special-tokens";
import { familyFolder, fixture } from "../test-data";
import { readBody } from "./body";
import { type RenderContext, renderTemplate } from "./render-template";
import { createTemplateSet } from "./template-set";

interface ChatRecording {
  readonly cases: readonly {
    readonly family: string;
    readonly body: string;
    readonly prepared?: string;
    readonly text?: string;
  }[];
}

const base = {
  contentFormat: undefined,
  defaults: new Map(),
  excludeToolsWhenNone: false,
  now: () => new Date(2026, 10, 24),
};

function contextOf(template: string, extra: Partial<RenderContext> = {}): RenderContext {
  return {
    ...base,
    templates: createTemplateSet(new Map([["default", template]])),
    specialTokens: new Map(),
    ...extra,
  };
}

function familyContext(family: string): RenderContext {
  const config = JSON.parse(readFileSync(`${familyFolder(family)}/tokenizer_config.json`, "utf8"));
  const field = config.chat_template as string | { name: string; template: string }[];
  const entries =
    typeof field === "string"
      ? [["default", field] as const]
      : field.map(({ name, template }) => [name, template] as const);
  return { ...base, templates: createTemplateSet(new Map(entries)), specialTokens: readSpecialTokens(config) };
}

function render(body: object | string, context: RenderContext): string {
  return renderTemplate(readBody(typeof body === "string" ? body : JSON.stringify(body)), context).text;
}

/** The error that the engine would answer, as `code: message`. */
function refusal(body: object | string, context: RenderContext): string {
  try {
    return `rendered ${render(body, context)}`;
  } catch (error) {
    return WarmpathError.isInstance(error) ? `${error.code} ${error.status} ${error.param ?? ""}` : String(error);
  }
}

describe.each(["qwen3", "gemma3", "mistral_nemo", "command_r_plus"])(
  "renderTemplate with the template of %s",
  (family) => {
    const context = familyContext(family);
    const cases = fixture<ChatRecording>("chats").cases.filter((item) => item.family === family);

    it("prepares and renders random bodies as vLLM does", () => {
      const rendered = cases.filter(({ text }) => text !== undefined);
      expect(rendered.length).toBeGreaterThan(15);
      for (const { body, prepared, text } of rendered) {
        const result = renderTemplate(readBody(body), context);
        expect(result.text, body).toBe(text);
        expect(result.messages.map(toJavaScript), body).toEqual(toJavaScript(parsePythonJson(prepared ?? "")));
      }
    });

    it("refuses what vLLM refuses", () => {
      const refused = cases.filter(({ text }) => text === undefined);
      expect(refused.length).toBeGreaterThan(3);
      for (const { body } of refused) expect(refusal(body, context), body).toMatch(/ 400 /);
    });
  },
);

const SHOW = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}{{ 'G' if add_generation_prompt }}";
const user = { role: "user", content: "u" };

describe("renderTemplate", () => {
  it("merges developer and system messages for a template that does not know developers", () => {
    const messages = [
      user,
      { role: "developer", content: "d" },
      { role: "system", content: "" },
      { role: "system", content: "s" },
    ];
    expect(render({ messages }, contextOf(SHOW))).toBe("[system:d\n\ns][user:u]G");
    expect(render({ messages: messages.slice(1, 2) }, contextOf(SHOW))).toBe("[system:d]G");
    expect(render({ messages: messages.slice(0, 2) }, contextOf(`${SHOW}{# 'developer' #}`))).toBe(
      "[user:u][developer:d]G",
    );
  });

  it("drops the billing header of system messages only", () => {
    const header = "x-anthropic-billing-header: v=1;";
    const body = (role: string, content: unknown): object => ({ messages: [{ role, content }, user] });
    expect(render(body("system", `${header}\nrest`), contextOf(SHOW))).toBe("[system:rest][user:u]G");
    expect(render(body("system", header), contextOf(SHOW))).toBe("[system:][user:u]G");
    expect(
      render(
        body("system", [
          { type: "text", text: header },
          { type: "text", text: "b" },
        ]),
        contextOf(SHOW),
      ),
    ).toBe("[system:b][user:u]G");
    expect(render(body("assistant", header), contextOf(SHOW))).toBe(`[assistant:${header}][user:u]G`);
  });

  it("gives the template tools, documents and special tokens, and lets arguments override", () => {
    const template =
      "{{ bos_token }}{{ tools }}{{ documents }}{{ custom }}{{ pad_token is defined }}{{ padding is defined }}";
    const context = contextOf(template, { specialTokens: new Map([["bos_token", "<s>"]]) });
    expect(render({ messages: [user] }, context)).toBe("<s>NoneNoneFalseFalse");
    expect(
      render({ messages: [user], chat_template_kwargs: { bos_token: "B", custom: 1.5, padding: true } }, context),
    ).toBe("BNoneNone1.5FalseFalse");
  });

  it("uses the tool_use template when there are tools", () => {
    const templates = createTemplateSet(
      new Map([
        ["default", "plain"],
        ["tool_use", "tools {{ tools|length }}"],
      ]),
    );
    const tools = [{ type: "function", function: { name: "f" } }];
    const context = { ...contextOf(""), templates };
    expect(render({ messages: [user] }, context)).toBe("plain");
    expect(render({ messages: [user], tools }, context)).toBe("tools 1");
    expect(render({ messages: [user], tools, tool_choice: "none" }, { ...context, excludeToolsWhenNone: true })).toBe(
      "plain",
    );
  });

  it("keeps 1.0, key order and null in tools", () => {
    const body =
      '{"messages":[{"role":"user","content":"u"}],"tools":[{"x":1,"function":{"parameters":{"z":1.0,"2":1e22,"1":1},"name":"f"}}]}';
    expect(render(body, contextOf("{{ tools|tojson }}"))).toBe(
      '[{"type": "function", "function": {"name": "f", "description": null, "parameters": {"z": 1.0, "2": 1e+22, "1": 1}}}]',
    );
  });

  it("continues the final message and cuts what a template puts after it", () => {
    const body = {
      messages: [user, { role: "assistant", content: "half  " }],
      add_generation_prompt: false,
      continue_final_message: true,
    };
    expect(render(body, contextOf(SHOW))).toBe("[user:u][assistant:half  ");
    expect(render(body, contextOf("{% for m in messages %}<{{ m.content|trim }}>{% endfor %}"))).toBe("<u><half");
    expect(refusal(body, contextOf("content"))).toBe("invalid_request 400 continue_final_message");
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const loops = "{% for m in messages %}{% for c in m.content %}({{ c.text }}){% endfor %}{% endfor %}";
    expect(render({ ...body, messages: [{ role: "assistant", content: parts }] }, contextOf(loops))).toBe("(a)(b");
  });

  it("sets enable_thinking by reasoning_effort unless the caller does", () => {
    const context = contextOf("{{ reasoning_effort }} {{ enable_thinking }}");
    expect(render({ messages: [user], reasoning_effort: "none" }, context)).toBe("none False");
    expect(render({ messages: [user], reasoning_effort: "low" }, context)).toBe("low True");
    expect(
      render({ messages: [user], reasoning_effort: "low", chat_template_kwargs: { enable_thinking: false } }, context),
    ).toBe("low False");
  });

  it.each([
    ["messages that are no list", { messages: {} }, "messages"],
    ["no messages", { messages: [] }, "messages"],
    ["a message without a role", { messages: [{ content: "x" }] }, "messages.0.role"],
    ["null content of a user", { messages: [{ role: "user", content: null }] }, "messages.0"],
    ["a bare string as part", { messages: [{ role: "user", content: ["x"] }] }, "messages.0.content.0"],
    ["an unknown part", { messages: [{ role: "critic", content: [{ type: "nope" }] }] }, "messages"],
    [
      "arguments that are an object",
      {
        messages: [
          { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: {} } }] },
        ],
      },
      "messages.0.tool_calls.0.function",
    ],
    ["no tools", { messages: [user], tools: [] }, "tools"],
    ["a tool without a name", { messages: [user], tools: [{ function: {} }] }, "tools.0.function.name"],
    ["a choice without tools", { messages: [user], tool_choice: "auto" }, "tool_choice"],
    [
      "a choice of a missing tool",
      { messages: [user], tools: [{ function: { name: "f" } }], tool_choice: { function: { name: "g" } } },
      "tool_choice",
    ],
    ["a template", { messages: [user], chat_template: "x" }, "chat_template"],
    [
      "a template among the arguments",
      { messages: [user], chat_template_kwargs: { chat_template: "x" } },
      "chat_template",
    ],
    [
      "both flags",
      { messages: [user], add_generation_prompt: true, continue_final_message: true },
      "continue_final_message",
    ],
    [
      "continuing with the default of the other flag",
      { messages: [user], continue_final_message: true },
      "continue_final_message",
    ],
    ["an unknown effort", { messages: [user], reasoning_effort: "huge" }, "reasoning_effort"],
    ["documents that are no texts", { messages: [user], documents: [{ a: 1 }] }, "documents"],
    ["a flag that is no boolean", { messages: [user], add_generation_prompt: "perhaps" }, "add_generation_prompt"],
  ])("refuses %s", (_what, body, param) => {
    expect(refusal(body, contextOf(SHOW))).toBe(`invalid_request 400 ${param}`);
  });

  it("tells refusals of a template from what it cannot run", () => {
    expect(refusal({ messages: [user] }, contextOf("{{ raise_exception('no') }}"))).toBe("template_error 400 ");
    expect(refusal({ messages: [user] }, contextOf("{{ 'a'|nosuchfilter }}"))).toBe("tokenizer_unavailable 503 ");
    expect(refusal({ messages: [user] }, contextOf("{% nosuchtag %}"))).toBe("tokenizer_unavailable 503 ");
    const image = { role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] };
    expect(refusal({ messages: [image] }, contextOf(SHOW))).toBe("tokenizer_unavailable 503 ");
  });
});

describe("readBody", () => {
  it("reads every encoding that Python detects", () => {
    const text = '{"a":"é🙂"}';
    const utf16 = Buffer.from(text, "utf16le");
    const utf32 = Buffer.concat([...text].map((char) => Buffer.from(Uint32Array.of(char.codePointAt(0) ?? 0).buffer)));
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      utf16,
      Buffer.from(`\ufeff${text}`, "utf16le"),
      Buffer.from(utf16).swap16(),
      utf32,
      Buffer.from(utf32).swap32(),
    ]) {
      expect(toJavaScript(readBody(bytes))).toEqual({ a: "é🙂" });
    }
  });

  it("refuses bytes that are not UTF-8 and values that are no objects", () => {
    expect(() => readBody(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toThrow(
      expect.objectContaining({ code: "invalid_json" }),
    );
    expect(() => readBody("[1]")).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});
