// The baseline: the least a Node gateway can do. node:http in, undici dispatch out, round robin, no look at the body.
import { createServer } from "node:http";
import { Pool } from "undici";
import { reportCpu } from "./report-cpu.mjs";

const limits = { connections: 256, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 };
const pools = process.env.ENGINES.split(",").map((port) => new Pool(`http://127.0.0.1:${port}`, limits));
const HOP = new Set(["host", "connection", "keep-alive", "transfer-encoding", "expect"]);
let turn = 0;

const server = createServer((request, response) => {
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (!HOP.has(request.rawHeaders[i].toLowerCase())) headers.push(request.rawHeaders[i], request.rawHeaders[i + 1]);
  }
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const options = { method: request.method, path: request.url, headers, body: body.length === 0 ? null : body };
    let control;
    pools[turn++ % pools.length].dispatch(options, {
      onRequestStart: (controller) => {
        control = controller;
      },
      onResponseStart(_controller, status, answerHeaders) {
        for (const name of HOP) delete answerHeaders[name];
        response.writeHead(status, answerHeaders);
      },
      onResponseData(controller, bytes) {
        if (response.write(bytes)) return;
        controller.pause();
        response.once("drain", () => controller.resume());
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => response.destroy(),
    });
    response.on("close", () => {
      if (!response.writableEnded) control?.abort(new Error("client closed"));
    });
  });
});
server.listen(0, "127.0.0.1", 1024, () => reportCpu(server.address().port));
