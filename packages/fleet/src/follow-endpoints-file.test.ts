import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, realClock } from "../../../tooling/testing/clock";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { createFleet } from "./fleet";
import { followEndpointsFile } from "./follow-endpoints-file";
import type { Fleet } from "./types";

let folder: string;
let path: string;
let fleet: Fleet;
const logger = new MemoryLogger();
const clock = realClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "warmpath-fleet-"));
  path = join(folder, "endpoints.yaml");
  fleet = createFleet({ clock, logger, polling: false });
});
afterEach(() => rm(folder, { recursive: true }));

const list = (...ports: number[]): string =>
  `endpoints:\n${ports.map((port) => `- {name: e${port}, address: 127.0.0.1, port: "${port}"}\n`).join("")}`;
const ids = (): string =>
  fleet
    .endpoints()
    .map(({ id }) => id)
    .join();

describe("followEndpointsFile", () => {
  it("adds what the file has, and follows writes and atomic renames", async () => {
    await writeFile(path, list(1, 2));
    const follower = await followEndpointsFile({ path, fleet, clock, logger });
    expect(ids()).toBe("e1,e2");
    const kept = fleet.endpoints()[1];
    await writeFile(path, list(2, 3));
    await eventually(() => ids() === "e2,e3", "the written file");
    expect(fleet.endpoints()[0]).toBe(kept);
    await writeFile(`${path}.new`, list(4));
    await rename(`${path}.new`, path);
    await eventually(() => ids() === "e4", "the renamed file");
    follower.close();
    expect(ids()).toBe("e4");
  });

  it("keeps the last good one and says what is wrong", async () => {
    await writeFile(path, list(1));
    const follower = await followEndpointsFile({ path, fleet, clock, logger });
    await writeFile(path, "endpoints: [{address: localhost, port: '1'}]");
    await eventually(() => follower.lastError() !== undefined, "the mistake is seen");
    expect(follower.lastError()?.message).toMatch(/endpoints\[0\]\.address/);
    expect(ids()).toBe("e1");
    await writeFile(path, list(1, 2));
    await eventually(() => ids() === "e1,e2", "the mended file");
    expect(follower.lastError()).toBeUndefined();
    follower.close();
  });

  it("replaces an endpoint that changed under its name", async () => {
    await writeFile(path, 'endpoints: [{name: e, address: 127.0.0.1, port: "1"}]');
    const follower = await followEndpointsFile({ path, fleet, clock, logger });
    await writeFile(path, 'endpoints: [{name: e, address: 127.0.0.1, port: "2"}]');
    await eventually(() => fleet.endpoints()[0]?.url === "http://127.0.0.1:2", "the new port");
    follower.close();
  });

  it("rejects at the start when the file is missing or bad", async () => {
    await expect(followEndpointsFile({ path, fleet, clock, logger })).rejects.toThrow(/cannot be read/);
    await writeFile(path, "endpoints: 1");
    await expect(followEndpointsFile({ path, fleet, clock, logger })).rejects.toThrow(/no list/);
  });

  it("leaves an endpoint alone that the fleet has from elsewhere", async () => {
    const own = fleet.add({ url: "http://127.0.0.1:9", id: "e1" });
    await writeFile(path, list(1, 2));
    const follower = await followEndpointsFile({ path, fleet, clock, logger });
    expect(ids()).toBe("e1,e2");
    expect(fleet.endpoints()[0]).toBe(own);
    follower.close();
  });
});
