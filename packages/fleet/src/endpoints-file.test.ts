import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseEndpointsFile } from "./endpoints-file";

describe("parseEndpointsFile", () => {
  it("reads llm-d's list", () => {
    const text = `endpoints:
- {name: e1, address: 127.0.0.1, port: "9101"}
- {name: e2, namespace: ns, address: "::1", port: "9102", labels: {llm-d.ai/role: decode}}
- {address: 127.0.0.1, port: "9103"}`;
    expect(parseEndpointsFile(text)).toEqual({
      endpoints: [
        { id: "e1", url: "http://127.0.0.1:9101" },
        { id: "ns/e2", url: "http://[::1]:9102", labels: { "llm-d.ai/role": "decode" } },
        { url: "http://127.0.0.1:9103" },
      ],
      warnings: [],
    });
  });

  it("reads our own keys, and JSON", () => {
    const entry = {
      url: "http://engine-0:8000",
      models: ["m"],
      dataParallelRank: 1,
      kvEvents: { publish: "tcp://engine-0:5557", replay: "tcp://engine-0:5558", topic: "kv@" },
    };
    expect(parseEndpointsFile(JSON.stringify({ endpoints: [entry] })).endpoints).toEqual([entry]);
  });

  it("warns of unknown keys and of names that stand twice", () => {
    const { endpoints, warnings } = parseEndpointsFile(`endpoints:
- {name: e1, address: 127.0.0.1, port: "1", weight: 3}
- {name: e1, address: 127.0.0.1, port: "2"}`);
    expect(endpoints).toEqual([{ id: "e1", url: "http://127.0.0.1:2" }]);
    expect(warnings.join()).toMatch(/weight.*twice/);
  });

  it.each([
    ["", /no list `endpoints`/],
    ["endpoints: 1", /no list/],
    ["endpoints: [1]", /endpoints\[0\] is not a mapping/],
    ["endpoints: [{address: localhost, port: '1'}]", /endpoints\[0\]\.address.*url/],
    ["endpoints: [{address: 127.0.0.1, port: 9101}]", /endpoints\[0\]\.port is 9101; it must be text \(in quotes\)/],
    ["endpoints: [{address: 127.0.0.1, port: '0'}]", /port.*1 to 65535/],
    ["endpoints: [{address: 127.0.0.1, port: '65536'}]", /port/],
    ["endpoints: [{address: 127.0.0.1}]", /port is missing/],
    ["endpoints: [{url: 'host:1'}]", /url.*http:\/\/host:port/],
    ["endpoints: [{url: 'http://h:1/v1'}]", /url/],
    ["endpoints: [{url: 'http://h:1', models: m}]", /models is not a list/],
    ["endpoints: [{url: 'http://h:1', dataParallelRank: -1}]", /dataParallelRank/],
    ["endpoints: [{url: 'http://h:1', kvEvents: {}}]", /kvEvents\.publish is missing/],
    ["endpoints: [{url: 'http://h:1', labels: {a: 1}}]", /labels\.a is 1/],
    ["endpoints: [", /Endpoints file/],
    ["endpoints: []\nendpoints: []", /unique/],
    ["#".repeat(2 ** 20 + 1), /longer/],
  ])("refuses %j", (text, message) => {
    expect(() => parseEndpointsFile(text)).toThrow(message);
  });

  const folder = fileURLToPath(new URL("../../../../shared/golden/llm-d/configs/", import.meta.url));
  it.skipIf(!existsSync(folder)).each([
    ["bad-25-endpoint-host-name", undefined],
    ["bad-26-endpoint-port-zero", undefined],
    ["bad-29-endpoint-port-number", undefined],
    ["good-18-empty-endpoints", 0],
    ["odd-02-endpoint-duplicate-name", 2],
    ["odd-03-endpoint-unknown-key", 3],
    ["odd-04-endpoint-without-name", 1],
  ])("takes and refuses what llm-d does: %s", (name, endpoints) => {
    const text = readFileSync(`${folder}${name}.endpoints.yaml`, "utf8");
    if (endpoints === undefined) expect(() => parseEndpointsFile(text)).toThrow(/endpoints\[\d\]/);
    else expect(parseEndpointsFile(text).endpoints).toHaveLength(endpoints);
  });
});
