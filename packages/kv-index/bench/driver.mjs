// Driver for the index bench: `node bench/driver.mjs WORKLOAD ROUNDS` prints one line of JSON. EXPECTED_BLOCKS sizes the
// tables beforehand.
import { createKvIndex } from "@warmpath/kv-index";
import { createReplay } from "./replay.mjs";
import { readWorkload } from "./workload.mjs";

const [path, rounds = "1"] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: node bench/driver.mjs WORKLOAD [ROUNDS]");
const expectedBlocks = Number(process.env.EXPECTED_BLOCKS ?? "0");
const replay = createReplay(path, readWorkload(path), createKvIndex, { expectedBlocks });
for (let i = 0; i < Number(rounds); i++) replay.round();
console.log(JSON.stringify(replay.report()));
