import { expect, test } from "bun:test";
import { createBackoff, doubledPauseMs } from "./backoff.ts";
import { seededRandom } from "./random.ts";

test("the pause after failures in a row doubles up to the longest, however many there were", () => {
  const pauses = [1, 2, 3, 4, 5, 5_000].map((failures) => doubledPauseMs(failures, { firstMs: 100, mostMs: 1000 }));
  expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test("pauses double up to the longest, with chance, and begin again after a reset", () => {
  const backoff = createBackoff(seededRandom(7), { firstMs: 100, mostMs: 1000 });
  const within = (pauseMs: number, fullMs: number) => expect(pauseMs >= fullMs / 2 && pauseMs <= fullMs).toBe(true);
  for (const fullMs of [100, 200, 400, 800, 1000, 1000]) within(backoff.nextMs(), fullMs);
  for (let attempt = 0; attempt < 2000; attempt++) within(backoff.nextMs(), 1000);
  backoff.reset();
  within(backoff.nextMs(), 100);
  const other = createBackoff(seededRandom(8), { firstMs: 100, mostMs: 1000 });
  expect(other.nextMs()).not.toBe(createBackoff(seededRandom(7), { firstMs: 100, mostMs: 1000 }).nextMs());
});
