import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../runtime/error-text.ts";
import { PLAN_RULES } from "../plan-rules.ts";
import { readAssertions } from "../rows.ts";
import { replaceOnce, stage } from "../staged.ts";
import { PLANTED } from "./all.ts";
import type { PlantedFault } from "./fault.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

const named = PLANTED.map((fault): [string, PlantedFault] => [fault.what, fault]);

test("every fault can be planted, all of them at once", async () => {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-planted-"));
  try {
    const staged = await stage(ROOT, directory);
    const missing: string[] = [];
    for (const { file, changes } of PLANTED)
      for (const [from, to] of changes)
        await replaceOnce(staged, join("infra", file), from, to).catch((error) => missing.push(messageOf(error)));
    expect(missing).toEqual([]);
    expect(PLANTED.length).toBeGreaterThanOrEqual(30);
    expect(new Set(PLANTED.map(({ what }) => what)).size).toBe(PLANTED.length);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test.each(named)("what finds it is there: %s", async (_, { found }) => {
  const { all } = await readAssertions(ROOT);
  for (const assertion of found.assertions ?? [])
    expect(all.map(({ part, what }) => `${part}: ${what}`)).toContain(assertion);
  if (found.rule !== undefined)
    expect(PLAN_RULES.filter(({ name }) => name.startsWith(found.rule ?? ""))).toHaveLength(1);
  expect(Object.keys(found).length).toBeGreaterThan(0);
});

test("every rule of plans has a fault that is planted for it", () => {
  const without = PLAN_RULES.filter(
    ({ name }) => !PLANTED.some(({ found }) => found.rule && name.startsWith(found.rule)),
  );
  expect(without.map(({ name }) => name)).toEqual([]);
});
