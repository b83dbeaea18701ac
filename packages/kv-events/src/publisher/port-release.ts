import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 1_000;
const PAUSE_MS = 2;

/**
 * Waits until a closed socket has given its TCP port back, at most a second: ZMQ closes in the background, and a
 * restarted engine wants the port at once. (Unbinding first would be quicker, but makes libzmq 4.3.5 abort the process
 * when a peer hangs up at that moment.)
 */
export async function portReleased(endpoint: string): Promise<void> {
  const parts = /^tcp:\/\/\[?([^\]]*)\]?:(\d+)$/.exec(endpoint);
  if (parts === null) return;
  const host = parts[1] === "*" ? "0.0.0.0" : parts[1]!;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += PAUSE_MS) {
    if (await canListen(host, Number(parts[2]))) return;
    await sleep(PAUSE_MS);
  }
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
