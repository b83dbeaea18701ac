import { describe, expect, it } from "vitest";
import { engineRequestHead } from "../proxy/request-lines";
import { CHUNKED } from "./framing";
import { CONTROL_HEADERS } from "./request-fields";
import { RequestHead } from "./request-head";

function read(text: string): RequestHead {
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  head.read(bytes, 0, bytes.indexOf("\r\n\r\n") + 2);
  return head;
}

function statusOf(text: string): number {
  try {
    read(text);
  } catch (error) {
    return (error as { status: number }).status;
  }
  return 200;
}

const START = "POST /v1/completions HTTP/1.1\r\nHost: a\r\n";

describe("RequestHead", () => {
  it("reads line, framing and connection", () => {
    const head = read(
      "POST /v1/completions?x=1 HTTP/1.1\r\nHOST: a\r\nContent-Length:  42 \r\nExpect: 100-Continue\r\n\r\n",
    );
    expect([head.method, head.target, head.minor]).toEqual(["POST", "/v1/completions?x=1", 1]);
    expect([head.framing, head.expectsContinue, head.persistent]).toEqual([42, true, true]);
    expect(read(`${START}Transfer-Encoding: Chunked\r\n\r\n`).framing).toBe(CHUNKED);
    expect(read(`${START}Connection: Close\r\n\r\n`).persistent).toBe(false);
    expect(read("GET / HTTP/1.0\r\n\r\n").persistent).toBe(false);
    expect(read("GET http://host:1/v1/models?a HTTP/1.1\r\nHost: a\r\n\r\n").target).toBe("/v1/models?a");
  });

  it.each([
    ["a length beside chunks", `${START}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ["two lengths, equal ones too", `${START}Content-Length: 3\r\nContent-Length: 3\r\n\r\n`, 400],
    ["a list of lengths", `${START}Content-Length: 3, 3\r\n\r\n`, 400],
    ["a signed length", `${START}Content-Length: +3\r\n\r\n`, 400],
    ["an empty length", `${START}Content-Length:\r\n\r\n`, 400],
    ["a length beyond 2^53", `${START}Content-Length: 99999999999999999999\r\n\r\n`, 400],
    ["another encoding", `${START}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ["chunked twice", `${START}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 501],
    ["an encoding hidden by white space", `${START}Transfer-Encoding : chunked\r\n\r\n`, 400],
    ["an encoding with a control byte", `${START}Transfer-Encoding: \x0bchunked\r\n\r\n`, 400],
    ["chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a folded line", `${START}X-A: b\r\n c\r\n\r\n`, 400],
    ["a bare line feed", `${START}X-A: b\nX-C: d\r\n\r\n`, 400],
    ["a bare carriage return", `${START}X-A: b\rX-C: d\r\n\r\n`, 400],
    ["a NUL", `${START}X-A: \0\r\n\r\n`, 400],
    ["an empty name", `${START}: b\r\n\r\n`, 400],
    ["no colon", `${START}abc\r\n\r\n`, 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two hosts", `${START}Host: b\r\n\r\n`, 400],
    ["a space too many in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505],
    ["no version", "GET /\r\n\r\n", 400],
    ["another expectation", `${START}Expect: tea\r\n\r\n`, 417],
    ["201 lines", `${START}${"X: y\r\n".repeat(201)}\r\n`, 431],
  ])("refuses %s", (_what, text, status) => {
    expect(statusOf(text)).toBe(status);
  });

  it("takes obsolete bytes in values and any token as a name", () => {
    expect(statusOf(`${START}X-A: \x80\xff\r\nx_!#$%&'*+.^\`|~9: b\r\n\r\n`)).toBe(200);
  });
});

describe("engineRequestHead", () => {
  it("passes lines on byte for byte and in order, with the engine's host", () => {
    const head = read(`${START}aCCept:  */* \r\nContent-Length: 2\r\nX-Custom: v\r\nAuthorization: Bearer k\r\n\r\n`);
    expect(engineRequestHead(head, "e:1", 2, undefined)).toBe(
      "POST /v1/completions HTTP/1.1\r\nhost: e:1\r\naCCept:  */* \r\nContent-Length: 2\r\nX-Custom: v\r\nAuthorization: Bearer k\r\n\r\n",
    );
  });

  it("drops the headers of the hop, those that connection names, and every control header", () => {
    const control = CONTROL_HEADERS.map((name) => `${name.toUpperCase()}: 10.0.0.1:80\r\n`).join("");
    const hop =
      "Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nX-Mine: 1\r\nX-Warmpath-Explain: 1\r\n";
    const head = read(`${START}${hop}${control}Content-Length: 2\r\nX-Data-Parallel-Rank: 1\r\n\r\n`);
    expect(engineRequestHead(head, "e:1", 2, undefined)).toBe(
      "POST /v1/completions HTTP/1.1\r\nhost: e:1\r\nContent-Length: 2\r\nX-Data-Parallel-Rank: 1\r\n\r\n",
    );
  });

  it("gives a length to a body that came in chunks or was changed, and the rank of the endpoint", () => {
    const chunked = read(`${START}Transfer-Encoding: chunked\r\n\r\n`);
    expect(engineRequestHead(chunked, "e:1", 7, undefined)).toContain("\r\ncontent-length: 7\r\n\r\n");
    expect(engineRequestHead(chunked, "e:1", 7, undefined)).not.toMatch(/transfer-encoding/i);
    const changed = read(`${START}Content-Length: 9\r\nX-Data-Parallel-Rank: 5\r\n\r\n`);
    expect(engineRequestHead(changed, "e:1", 7, 1)).toBe(
      "POST /v1/completions HTTP/1.1\r\nhost: e:1\r\ncontent-length: 7\r\nx-data-parallel-rank: 1\r\n\r\n",
    );
  });
});
