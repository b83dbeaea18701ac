import { type KvEventAddress, WarmpathError } from "@warmpath/contracts";

/** The addresses of data-parallel rank `rank`, from those of rank 0: ports + rank for TCP, `_dp<rank>` behind inproc names. */
export function rankAddress(address: KvEventAddress, rank: number): KvEventAddress {
  return {
    publish: rankEndpoint(address.publish, rank),
    replay: address.replay === undefined ? undefined : rankEndpoint(address.replay, rank),
    topic: address.topic,
  };
}

/** The same for one endpoint. Throws `invalid_configuration` where an engine has no address for that rank either. */
export function rankEndpoint(endpoint: string, rank: number): string {
  if (!Number.isSafeInteger(rank) || rank < 0) throw refuse(endpoint, rank, "a rank is a whole number from 0");
  if (rank === 0) return endpoint;
  if (endpoint.startsWith("inproc://")) return `${endpoint}_dp${rank}`;
  const parts = /^(tcp:\/\/.*:)(\d+)$/.exec(endpoint);
  if (parts === null) throw refuse(endpoint, rank, "ranks need tcp://HOST:PORT or inproc://NAME");
  const port = Number(parts[2]) + rank;
  if (port > 65_535) throw refuse(endpoint, rank, `port ${port} does not exist`);
  return `${parts[1]}${port}`;
}

function refuse(endpoint: string, rank: number, reason: string): WarmpathError {
  return new WarmpathError("invalid_configuration", `No address for rank ${rank} of ${endpoint}: ${reason}.`);
}
