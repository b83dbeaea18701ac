// Ours: prefix routing on, by the byte estimate, as it runs in front of engines that publish no events.
import { createGateway } from "@warmpath/gateway";
import { reportCpu } from "./report-cpu.mjs";

const endpoints = process.env.ENGINES.split(",").map((port) => ({ url: `http://127.0.0.1:${port}` }));
const gateway = await createGateway({ port: 0, endpoints, tokenizer: "estimate" });
while ((await fetch(`${gateway.url}/ready`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
reportCpu(gateway.port);
