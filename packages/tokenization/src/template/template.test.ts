import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePythonJson } from "../python/parse-json";
import { fromJavaScript, isDict, PyFloat, type PyValue } from "../python/values";
import { parseTemplate } from "./ast";
import { detectContentFormat } from "./content-format";
import { TemplateFailure, TemplateUnsupported } from "./failure";
import { strftime } from "./strftime";
import { compileTemplate } from "./template";

const now = (): Date => new Date(2026, 10, 24);
/** Read as Python reads it: 1.0 is a float. */
const recording = parsePythonJson(readFileSync(new URL("../../fixtures/jinja.json", import.meta.url), "utf8"));
if (!isDict(recording)) throw new Error("the recording is malformed");
const variables = [...(recording.get("variables") as ReadonlyMap<string, PyValue>)];
const cases = (recording.get("cases") as PyValue[]).map((item) => {
  const entry = item as ReadonlyMap<string, PyValue>;
  return { template: String(entry.get("template")), text: entry.get("text"), error: entry.get("error") };
});

describe("compileTemplate", () => {
  it.each(cases.filter(({ error }) => error === undefined))("renders $template as Jinja does", ({ template, text }) => {
    expect(compileTemplate(template).render(variables, now)).toBe(text);
  });

  it.each(cases.filter(({ error }) => error !== undefined))("fails on $template as Jinja does", ({ template }) => {
    expect(() => compileTemplate(template).render(variables, now)).toThrow(TemplateFailure);
  });

  it("says what it does not know instead of guessing", () => {
    for (const template of [
      "{{ 'a'|nosuchfilter }}",
      "{{ 1 is nosuchtest }}",
      "{{ '{}'.format(1) }}",
      "{{ [1]|map('upper') }}",
    ]) {
      expect(() => compileTemplate(template).render([], now)).toThrow(TemplateUnsupported);
    }
    expect(() => compileTemplate("{% nosuchtag %}")).toThrow(SyntaxError);
  });

  it("keeps variables of one rendering out of the next", () => {
    const template = compileTemplate("{% set a = (a or 0) + 1 %}{{ a }}");
    expect(template.render([], now)).toBe("1");
    expect(template.render([["a", 5]], now)).toBe("6");
    expect(template.render([], now)).toBe("1");
  });

  it("does not change what it is given", () => {
    const messages = fromJavaScript([{ role: "user", content: "x" }]);
    expect(() => compileTemplate("{{ messages.pop() }}").render([["messages", messages]], now)).toThrow(
      TemplateFailure,
    );
    expect(messages).toHaveLength(1);
  });

  it("prints floats that a template computes as floats", () => {
    expect(compileTemplate("{{ f * 2 }}").render([["f", new PyFloat(0.5)]], now)).toBe("1.0");
  });

  it("tells the role developer and the digest", () => {
    expect(compileTemplate("{% if role == 'developer' %}{% endif %}").knowsDeveloper).toBe(true);
    expect(compileTemplate("developer").knowsDeveloper).toBe(false);
    expect(compileTemplate("").sha256).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});

describe("detectContentFormat", () => {
  it.each([
    ["{% for m in messages %}{% for c in m.content %}{% endfor %}{% endfor %}", "openai"],
    ["{% for m in messages %}{% for c in m['content'] | list %}{% endfor %}{% endfor %}", "openai"],
    ["{% set rest = messages[1:] %}{% for m in rest %}{% for c in m.content %}{% endfor %}{% endfor %}", "openai"],
    ["{% set a = messages %}{% set b = a %}{% for m in b %}{% for c in m.content %}{% endfor %}{% endfor %}", "openai"],
    [
      "{% set ns = namespace(r=messages) %}{% for m in ns.r %}{% for c in m.content %}{% endfor %}{% endfor %}",
      "openai",
    ],
    [
      "{% set ns = namespace() %}{% set ns.r = messages %}{% for m in ns.r %}{% for c in m.content %}{% endfor %}{% endfor %}",
      "openai",
    ],
    ["{% for content in x %}{% endfor %}", "string"],
    ["{% for c in content %}{% endfor %}", "openai"],
    ["{% macro f(content) %}{% for c in content %}{% endfor %}{% endmacro %}", "string"],
    [
      "{% macro f(v) %}{% for c in v %}{% endfor %}{% endmacro %}{% for m in messages %}{{ f(m.content) }}{% endfor %}",
      "openai",
    ],
    [
      "{% macro f(v) %}{% for c in v %}{% endfor %}{% endmacro %}{% for m in messages %}{{ f(v=m.content) }}{% endfor %}",
      "openai",
    ],
    [
      "{% macro f(v) %}{% for c in v %}{% endfor %}{% endmacro %}{% for m in messages %}{{ f(m.role) }}{% endfor %}",
      "string",
    ],
    ["{% for m in messages %}{{ m.content }}{% for t in m.tool_calls %}{% endfor %}{% endfor %}", "string"],
  ])("finds in %s: %s", (template, format) => {
    expect(detectContentFormat(parseTemplate(template))).toBe(format);
  });
});

describe("strftime", () => {
  it("writes the fields of Python's strftime", () => {
    const date = new Date(2026, 0, 5, 13, 7, 9);
    expect(strftime(date, "%Y-%m-%d %H:%M:%S %I %p %b %B %a %A %j %y %F %e %-d %-m %% %Q")).toBe(
      "2026-01-05 13:07:09 01 PM Jan January Mon Monday 005 26 2026-01-05  5 5 1 % %Q",
    );
  });
});
