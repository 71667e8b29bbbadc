import { expect, test } from "bun:test";
import { createConcurrencyLimit } from "./concurrency-limit.ts";

const never = new AbortController().signal;
const limitOf = (atOnce: number, waiting: number) =>
  createConcurrencyLimit({ atOnce, waiting, full: () => new Error("full") });

test("runs so many at a time, the others in order, also after one that failed", async () => {
  const limit = limitOf(2, 10);
  let running = 0;
  let most = 0;
  const ended: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) =>
      limit.run(never, async () => {
        most = Math.max(most, ++running);
        await Bun.sleep(1);
        running--;
        ended.push(n);
        if (n % 3 === 0) throw new Error("planted");
      }),
    ),
  );
  expect(most).toBe(2);
  expect(ended).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(3);
  expect(await limit.run(never, async () => "free")).toBe("free");
});

test("refuses at once when too many wait", async () => {
  const limit = limitOf(1, 1);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = limit.run(never, () => released);
  const second = limit.run(never, async () => "second");
  await expect(limit.run(never, async () => undefined)).rejects.toThrow("full");
  release();
  await first;
  expect(await second).toBe("second");
});

test("who stops waiting leaves the queue, and its place goes to the next one", async () => {
  const limit = limitOf(1, 2);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = limit.run(never, () => released);
  const abort = new AbortController();
  const gone = limit.run(abort.signal, async () => "gone");
  const last = limit.run(never, async () => "last");
  abort.abort(new Error("no time left"));
  await expect(gone).rejects.toThrow("no time left");
  release();
  await first;
  expect(await last).toBe("last");
});
