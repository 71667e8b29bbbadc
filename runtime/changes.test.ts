import { expect, test } from "bun:test";
import { createChanges } from "./changes.ts";
import type { Scheduler } from "./scheduler.ts";

function manualScheduler() {
  const tasks = new Set<() => void>();
  const scheduler: Scheduler = {
    after(_delayMs, task) {
      tasks.add(task);
      return () => tasks.delete(task);
    },
    sleep: () => Promise.resolve(),
    external: (_label, work) => work(),
  };
  return { scheduler, tasks };
}
const stored = (key: string, state: number) => ({ key, state, version: 1, positions: { in: {}, out: {} } });

test("everybody who waits for a key hears of its next change, nobody else does, and no timer stays", async () => {
  const { scheduler, tasks } = manualScheduler();
  const changes = createChanges<number>(scheduler);
  const waits = [changes.next("a", 100), changes.next("a", 100)];
  const other = changes.next("b", 100);
  changes.notify([stored("a", 1), stored("c", 3)]);
  expect((await Promise.all(waits)).map((each) => each?.state)).toEqual([1, 1]);
  expect(tasks.size).toBe(1);
  changes.notify([stored("a", 2)]);
  for (const task of [...tasks]) task();
  expect(await other).toBeUndefined();
  const again = changes.next("a", 100);
  changes.notify([stored("a", 5)]);
  expect((await again)?.state).toBe(5);
});

test("the end ends every wait, and lets nobody begin another one", async () => {
  const { scheduler, tasks } = manualScheduler();
  const changes = createChanges<number>(scheduler);
  const waits = [changes.next("a", 100), changes.next("a", 100), changes.next("b", 100)];
  expect(changes.ended).toBe(false);
  changes.end();
  expect(changes.ended).toBe(true);
  expect(await Promise.all([...waits, changes.next("c", 100)])).toEqual([undefined, undefined, undefined, undefined]);
  expect(tasks.size).toBe(0);
});
