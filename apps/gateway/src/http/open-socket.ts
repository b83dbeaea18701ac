import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** After this much silence the kernel asks whether the engine's host is still there, in milliseconds. */
const TCP_KEEP_ALIVE_MS = 15_000;
const READ_BYTES = 65_536;

/** Opens sockets to one address. */
export interface SocketOpener {
  /** Starts to connect. What is read goes to `receive`; `connected` is called once, when the connection stands. */
  open(receive: (bytes: Buffer) => void, connected: () => void): Socket;
}

/** An opener for `http:` and `https:` URLs. */
export function createSocketOpener(url: URL): SocketOpener {
  const tls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const address = {
    host,
    port: Number(url.port) || (tls ? 443 : 80),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  if (!tls) return tcpOpener(address);
  // An IP address is no server name (RFC 6066).
  const name = isIP(host) === 0 ? { servername: host } : {};
  return tlsOpener({ ...address, ...name, ALPNProtocols: ["http/1.1"] });
}

function tcpOpener(address: { readonly host: string; readonly port: number }): SocketOpener {
  // A read is handled before the next one starts, so one buffer serves all sockets, and what is read is copied out of
  // it: far cheaper than the 64 KiB that a socket otherwise takes and gives back around each event of a stream.
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  return {
    open(receive, connected) {
      const callback = (length: number): boolean => {
        receive(Buffer.from(buffer.subarray(0, length)));
        return true;
      };
      const socket = connectTcp({ ...address, onread: { buffer, callback } });
      socket.once("connect", connected);
      return socket;
    },
  };
}

function tlsOpener(address: ConnectionOptions): SocketOpener {
  return {
    open(receive, connected) {
      const socket = connectTls(address);
      socket.on("data", receive);
      socket.once("secureConnect", connected);
      return socket;
    },
  };
}
