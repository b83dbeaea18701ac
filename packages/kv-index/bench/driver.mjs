// Driver for the index bench: `node bench/driver.mjs WORKLOAD ROUNDS` prints one line of JSON. EXPECTED_BLOCKS sizes the
// tables beforehand.
import { replay } from "./replay.mjs";
import { readWorkload } from "./workload.mjs";

const [path, rounds = "1"] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: node bench/driver.mjs WORKLOAD [ROUNDS]");
const expectedBlocks = Number(process.env.EXPECTED_BLOCKS ?? "0");
console.log(JSON.stringify(replay(path, readWorkload(path), Number(rounds), { expectedBlocks })));
