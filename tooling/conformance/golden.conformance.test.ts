import { existsSync } from "node:fs";
import { join } from "node:path";
import { runGolden } from "@warmpath/golden";
import { describe, expect, it } from "vitest";

const recordings = join(import.meta.dirname, "../../../shared/golden");
const missing = existsSync(recordings) ? "" : " (skipped: ../shared/golden is not here)";

describe.skipIf(missing)(`recordings of real peers${missing}`, () => {
  it("agree with the production code, every case", async () => {
    const lines: string[] = [];
    const { passed, failed } = await runGolden([recordings], (line) => lines.push(line));
    const failures = lines.filter((line) => !/: \d+ passed, 0 failed$|: skipped, |^\d+ passed/.test(line));
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThan(1000);
  });
});
