import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { closeAfterTest } from "./harness";

/** A connected client socket; destroyed at the end of the test. */
export async function rawClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  closeAfterTest(async () => void socket.destroy());
  await new Promise<void>((resolve) => void socket.once("connect", resolve));
  return socket;
}

const MODELS = JSON.stringify({ object: "list", data: [{ id: "fake", object: "model" }] });

/** An engine that answers every model request with these bytes and then closes the connection. */
export async function rawEngine(answer: string | Buffer): Promise<{ readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (text.startsWith("GET")) {
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${MODELS.length}\r\nconnection: close\r\n\r\n${MODELS}`);
      } else if (text.includes("\r\n\r\n") && text.endsWith("}")) socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closeAfterTest(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
