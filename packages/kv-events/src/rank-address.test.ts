import { WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { rankAddress, rankEndpoint } from "./rank-address";

describe("rankEndpoint", () => {
  it.each([
    ["tcp://10.0.0.4:5557", 0, "tcp://10.0.0.4:5557"],
    ["tcp://10.0.0.4:5557", 3, "tcp://10.0.0.4:5560"],
    ["tcp://[fd00::1]:5557", 1, "tcp://[fd00::1]:5558"],
    ["tcp://*:5557", 2, "tcp://*:5559"],
    ["inproc://events", 2, "inproc://events_dp2"],
    ["ipc:///tmp/events", 0, "ipc:///tmp/events"],
  ])("%s, rank %i", (endpoint, rank, expected) => {
    expect(rankEndpoint(endpoint, rank)).toBe(expected);
  });

  it.each([
    ["ipc:///tmp/events", 1],
    ["tcp://host", 1],
    ["tcp://host:65535", 1],
    ["tcp://host:5557", -1],
    ["tcp://host:5557", 1.5],
  ])("refuses %s, rank %d", (endpoint, rank) => {
    try {
      rankEndpoint(endpoint, rank);
      expect.unreachable();
    } catch (error) {
      expect(WarmpathError.isInstance(error) && error.code).toBe("invalid_configuration");
      expect(String(error)).toContain(endpoint);
    }
  });
});

describe("rankAddress", () => {
  it("moves both sockets and keeps the topic", () => {
    const address = { publish: "tcp://h:5557", replay: "tcp://h:5657", topic: "kv@" };
    expect(rankAddress(address, 2)).toEqual({ publish: "tcp://h:5559", replay: "tcp://h:5659", topic: "kv@" });
    expect(rankAddress({ ...address, replay: undefined }, 1).replay).toBeUndefined();
  });
});
