/** A short run of `fuzz` against a platform of its own, with a seed that no run has had before. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionSchemathesis } from "../provision/schemathesis.ts";
import { startArena } from "./arena.ts";
import { measureFuzz } from "./figures.ts";
import { findingText } from "./finding.ts";

setDefaultTimeout(300_000);

const MILLISECONDS = 40_000;

test("random requests find no 5xx, nothing undocumented, and leave nothing unfinished", async () => {
  const seed = Math.floor(Date.now() / 1000) % 2 ** 31;
  const tool = (await provideOrSkip("schemathesis", provisionSchemathesis)) ?? null;
  const arena = await startArena();
  try {
    const progress = (line: string) => console.log(line);
    const budget = { milliseconds: MILLISECONDS, requests: Number.POSITIVE_INFINITY };
    const { figures, findings } = await measureFuzz({ arena, seed, tool, budget, progress });
    if (findings.length > 0) console.error(`Again, for longer: bun run fuzz --seed ${seed}`);
    expect(findings.map(findingText)).toEqual([]);
    const sent = tool === null ? ["fuzz.orders"] : ["fuzz.orders", "fuzz.toolRequests"];
    for (const each of sent) expect(figures.find(({ name }) => name === each)?.value).toBeGreaterThan(0);
  } finally {
    await arena.stop();
  }
});
