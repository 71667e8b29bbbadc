import { expect, test } from "bun:test";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { createMemoryCache, openMemory } from "./memory.ts";

const clock = { now: () => 0 };
const kept = (cache: ReturnType<typeof createMemoryCache>, keys: readonly string[]) => Promise.all(keys.map(cache.get));

test("beyond its room the entry goes that was used least recently", async () => {
  const cache = createMemoryCache({ clock, mostEntries: 3 });
  for (const key of ["a", "b", "c"]) await cache.set(key, key, 1000);
  await cache.get("a");
  await cache.set("b", "again", 1000);
  await cache.set("d", "d", 1000);
  expect(await kept(cache, ["a", "b", "c", "d"])).toEqual(["a", "again", null, "d"]);
});

test("without room it keeps nothing, and says so", async () => {
  const cache = createMemoryCache({ clock, mostEntries: 0 });
  expect(await cache.set("a", "a", 1000)).toBe(false);
  expect(await cache.get("a")).toBeNull();
});

test("a process of its own keeps texts, and tells nobody anything", async () => {
  const { cache, hints, close } = openMemory({ clock, scheduler, mostEntries: 3 });
  await cache.set("a", "text", 1000);
  expect(await cache.get("a")).toBe("text");
  const heard: string[] = [];
  hints.listen("channel", (text) => heard.push(text));
  hints.tell("channel", "word");
  await scheduler.sleep(5);
  expect(heard).toEqual([]);
  close();
});
