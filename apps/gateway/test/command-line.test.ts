import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEndpointArgument, withEventPorts } from "../src/command/endpoint-argument";
import { createProgram, type ServeArguments } from "../src/command/program";
import { serve } from "../src/command/serve";
import { parseConfig, readConfig } from "../src/config/read-config";
import { GATEWAY_DEFAULTS, resolveGatewayOptions } from "../src/options";
import { silentLogger } from "../src/silent-logger";
import { pause } from "./fake-engine";
import { call, chat, closeAfterTest, startEngines } from "./harness";

async function parse(...args: string[]): Promise<ServeArguments> {
  let parsed: ServeArguments | undefined;
  const program = createProgram("1.2.3", async (given) => {
    parsed = given;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  }
  await program.parseAsync(args, { from: "user" });
  return parsed!;
}

describe("warmpath serve", () => {
  it("reads its options", async () => {
    const args = await parse(
      ...["serve", "--endpoint", "http://a:1", "--endpoint", "http://b:2,kv=tcp://b:3,replay=tcp://b:4,model=m,rank=1"],
      ...["--port", "0", "--tokenizer", "estimate", "--engine-header", "Authorization: Bearer x:y"],
    );
    expect(args.endpoint).toEqual([
      { url: "http://a:1" },
      {
        url: "http://b:2",
        models: ["m"],
        dataParallelRank: 1,
        kvEvents: { publish: "tcp://b:3", replay: "tcp://b:4", topic: "" },
      },
    ]);
    expect([args.port, args.tokenizer, args.engineHeader]).toEqual([0, "estimate", { authorization: "Bearer x:y" }]);
  });

  it.each([
    [["--port", "99999"], "whole number from 0 to 65535"],
    [["--max-body-bytes", "1e6"], "whole number from 1"],
    [["--policy", "luck"], "Allowed choices are"],
    [["--nonsense"], "unknown option"],
    [["--endpoint", "a:1"], "must start with http"],
    [["--endpoint", "http://a:1,replay=tcp://a:2"], "replay needs kv"],
    [["--endpoint", "http://a:1,kvv=tcp://a:2"], "none of kv"],
    [["--endpoint", "http://a:1,kv="], "has no value"],
    [["--endpoint", "http://a:1,kv=tcp://a:2,kv=tcp://a:2"], "given twice"],
  ])("refuses %j", async (args, message) => {
    await expect(parse("serve", ...args)).rejects.toThrow(message);
  });

  it("states every default in its help", () => {
    const command = createProgram("1", async () => undefined).commands[0]!;
    const options = command.options.filter(({ long }) => long !== "--help");
    expect(options.length).toBeGreaterThan(18);
    for (const option of options) {
      const told = /\(default: [^)]+\)/.test(option.description) || option.defaultValue !== undefined;
      expect(`${option.long} ${told}`).toBe(`${option.long} true`);
    }
    const help = command.helpInformation();
    for (const value of [GATEWAY_DEFAULTS.port, GATEWAY_DEFAULTS.maxBodyBytes, GATEWAY_DEFAULTS.policy]) {
      expect(help).toContain(`(default: ${value})`);
    }
  });

  it("gives endpoints without kv= the event ports of their host, rank by rank", () => {
    const ports = { publish: 5557, replay: 5600, topic: "kv@" };
    expect(withEventPorts(parseEndpointArgument("http://h:1,rank=2"), ports).kvEvents).toEqual({
      publish: "tcp://h:5559",
      replay: "tcp://h:5602",
      topic: "kv@",
    });
    const own = parseEndpointArgument("http://h:1,kv=tcp://x:1");
    expect(withEventPorts(own, ports)).toBe(own);
  });
});

describe("a configuration file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "warmpath-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("sets options, and the command line wins", async () => {
    const [engine] = await startEngines(1);
    const path = join(folder, "gateway.yaml");
    await writeFile(path, `endpoints:\n  - ${engine!.url}\nport: 1\nmaxBodyBytes: 300\ntokenizer: estimate\n`);
    const served = await serve({ config: path, port: 0, logLevel: "silent" }, silentLogger);
    closeAfterTest(() => served.close());
    while ((await call(served, { body: chat() })).status !== 200) await pause(5);
    expect((await call(served, { body: chat({ pad: "x".repeat(300) }) })).status).toBe(413);
  });

  it.each([
    ["prot: 1", /prot/],
    ["port: many", /port: .*number/],
    ["endpoints: [{ url: 'http://a:1', kvevents: {} }]", /endpoints\[0\].*kvevents/],
    [
      "endpoints: [{ url: 'http://a:1', kvEvents: { publish: 'a:1' } }]",
      /endpoints\[0\]\.kvEvents\.publish: must be an address/,
    ],
    ["endpoints: [ftp://a:1]", /endpoints\[0\]/],
    ["policy: luck", /policy: .*round-robin/],
    ["a: [", /is not YAML/],
    ["- 1", /expected object/],
  ])("%s is refused with file and key", (text, message) => {
    expect(() => parseConfig(text, "x.yaml")).toThrow(message);
    expect(() => parseConfig(text, "x.yaml")).toThrow(/^x\.yaml/);
  });

  it("may be empty, and must be there", async () => {
    expect(parseConfig("", "x.yaml")).toEqual({});
    await expect(readConfig(join(folder, "none.yaml"))).rejects.toMatchObject({ code: "invalid_configuration" });
  });
});

describe("resolveGatewayOptions", () => {
  it("fills in every default and names what is out of range", () => {
    expect(resolveGatewayOptions({})).toEqual({ endpointsFile: undefined, ...GATEWAY_DEFAULTS });
    expect(() => resolveGatewayOptions({ port: -1 })).toThrow(/port must be a whole number from 0 to 65535, not -1/);
    expect(() => resolveGatewayOptions({ policy: "luck" as "cost" })).toThrow(/policy must be one of cost/);
  });
});
