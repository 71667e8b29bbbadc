import { expect, test } from "bun:test";
import { createIds } from "./ids.ts";
import { systemRandom } from "./random.ts";

const at = (ms: number) => {
  const time = { ms };
  return { time, ids: createIds({ now: () => time.ms }, systemRandom()) };
};
const msOf = (id: string) => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);

test("ids are UUIDs of version 7 that carry the clock's milliseconds", () => {
  for (const ms of [0, 1, 0xffff, 0x10000, 1_763_838_889_123, 2 ** 48 - 1]) {
    const id = at(ms).ids.next();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(msOf(id)).toBe(ms);
  }
});

test("ids rise, also many in one millisecond and when the clock goes back, and none comes twice", () => {
  const { time, ids } = at(1_000_000);
  const made: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    if (i === 10_000) time.ms -= 5000;
    if (i === 15_000) time.ms += 20_000;
    made.push(ids.next());
  }
  expect(made).toEqual([...made].sort());
  expect(new Set(made).size).toBe(made.length);
  // 5000 ids in one millisecond are more than its counter holds: they run into the next one.
  expect(msOf(made[15_000] ?? "")).toBe(1_015_000);
  expect(msOf(made.at(-1) ?? "")).toBe(1_015_001);
});
