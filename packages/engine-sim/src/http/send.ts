import type { ServerResponse } from "node:http";

/** Sends a JSON answer with its length. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendText(response, status, JSON.stringify(value), "application/json", headers);
}

/** Sends a text with its length. Nothing happens where the answer has begun or the client has left. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  contentType: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(text);
  const type = contentType === undefined ? {} : { "content-type": contentType };
  response.writeHead(status, { ...headers, ...type, "content-length": String(body.length) });
  response.end(body);
}
