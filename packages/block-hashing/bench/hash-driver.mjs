// A --hash-driver of the index bench: a line of JSON for each algorithm and block size, the lower quartile of 60 runs.
import * as hashing from "@warmpath/block-hashing";
import { makeRuns, TOKENS } from "./workload.mjs";

for (const blockSizeTokens of [16, 64]) {
  for (const [name, run] of Object.entries(makeRuns(hashing, blockSizeTokens, TOKENS))) {
    for (let i = 0; i < 300; i++) run();
    const times = Array.from({ length: 60 }, () => {
      const start = process.hrtime.bigint();
      run();
      return Number(process.hrtime.bigint() - start) / 1e6;
    });
    const ms = times.sort((a, b) => a - b)[15];
    const line = {
      hash: `warmpath-${name}`,
      block_size: blockSizeTokens,
      tokens: TOKENS.length,
      ms_per_10k: Number(ms.toFixed(4)),
      ns_per_block: Number(((ms * 1e6) / Math.floor(TOKENS.length / blockSizeTokens)).toFixed(1)),
    };
    console.log(JSON.stringify(line));
  }
}
