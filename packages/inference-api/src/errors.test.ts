import { WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { createAnswerReader, errorBody, errorEvent, readEngineError, readModel } from "./index";

const error = new WarmpathError("upstream_cut", 'The engine left "early".\nSorry — é', { param: "x" });

describe("errorBody", () => {
  it("is the OpenAI shape in UTF-8", () => {
    expect(JSON.parse(Buffer.from(errorBody(error)).toString())).toEqual(error.toOpenAI());
  });
});

describe("errorEvent", () => {
  it("is one event that a reader takes for an error and not for the end", () => {
    const reader = createAnswerReader({ stream: true });
    reader.push(errorEvent(error));
    expect(reader.end()).toMatchObject({
      error: { message: error.message, type: "upstream_error", param: "x", code: "upstream_cut" },
      done: false,
      midEvent: false,
    });
  });
});

describe("readEngineError", () => {
  const read = (text: string) => readEngineError(Buffer.from(text));

  it("reads vLLM's, OpenAI's, FastAPI's and older shapes", () => {
    const fields = { message: "m", type: "BadRequestError", param: "max_tokens", code: 400 };
    expect(read(JSON.stringify({ error: fields }))).toEqual(fields);
    expect(read('{"error":{"message":"m","code":"x","param":null}}')).toEqual({ message: "m", code: "x" });
    expect(read('{"error":{}}')).toEqual({ message: "" });
    expect(read('{"error":"Unauthorized"}')).toEqual({ message: "Unauthorized" });
    expect(read('{"object":"error","message":"m","type":"t","code":404}')).toEqual({
      message: "m",
      type: "t",
      code: 404,
    });
    expect(read('{"detail":"Not Found"}')).toEqual({ message: "Not Found" });
    expect(read('{"detail":[{"msg":"Field required"}]}')).toEqual({ message: '[{"msg":"Field required"}]' });
  });

  it("takes what is not JSON as text, cut", () => {
    expect(read(" <h1>502 Bad Gateway</h1>\n")).toEqual({ message: "<h1>502 Bad Gateway</h1>" });
    expect(read("x".repeat(10_000))?.message).toHaveLength(512);
  });

  it("is undefined where there is no error", () => {
    for (const text of ["", "  ", "[]", "null", "3", "{}", '{"error":null}', '{"choices":[]}'])
      expect(read(text)).toBeUndefined();
  });
});

describe("readModel", () => {
  it("reads the model of any JSON body", () => {
    expect(readModel(Buffer.from('{"input":[1],"model":"a\\u00e9"}'))).toBe("aé");
    expect(readModel(Buffer.from('{"input":"x"}'))).toBeUndefined();
    expect(() => readModel(Buffer.from('{"model":3}'))).toThrow(WarmpathError);
    expect(() => readModel(Buffer.from('{"model"'))).toThrow(WarmpathError);
  });
});
