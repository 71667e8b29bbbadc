/** What the port promises, on each adapter. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../until.fixture.ts";
import { hasRedis, memoryAdapter, redisAdapter } from "./adapters.fixture.ts";
import type { SharedState } from "./port.ts";

setDefaultTimeout(60_000);

const adapters = [memoryAdapter(), ...((await hasRedis("runtime/cache/conformance on Redis")) ? [redisAdapter()] : [])];
const LONG_MS = 600_000;
let keys = 0;
const newKey = () => `key ${++keys}`;

describe.each(adapters.map((adapter) => [adapter.name, adapter] as const))("%s", (_name, adapter) => {
  const opened: SharedState[] = [];
  beforeAll(adapter.start, 300_000);
  afterEach(() => {
    for (const end of opened.splice(0)) end.close();
  });
  afterAll(adapter.stop);

  async function open() {
    const end = await adapter.open();
    opened.push(end);
    return end;
  }

  test("keeps texts as they are, the latest one of each key", async () => {
    const { cache } = await open();
    const texts = ["", "plain", "line\r\nline\0", "茶 🫖 é", "x".repeat(1_000_000)];
    for (const text of texts) {
      const key = newKey();
      expect(await cache.get(key)).toBeNull();
      expect(await cache.set(key, "before", LONG_MS)).toBe(true);
      expect(await cache.set(key, text, LONG_MS)).toBe(true);
      expect(await cache.get(key)).toBe(text);
    }
  });

  test("removes keys, whether they were there or not, and no others", async () => {
    const { cache } = await open();
    const [one, two, other] = [newKey(), newKey(), newKey()];
    for (const key of [one, two, other]) await cache.set(key, "text", LONG_MS);
    expect(await cache.remove([one, newKey(), two])).toBe(true);
    expect(await Promise.all([one, two, other].map(cache.get))).toEqual([null, null, "text"]);
    expect(await cache.remove([])).toBe(true);
  });

  test("keeps nothing beyond its time, which the latest text sets", async () => {
    const { cache } = await open();
    const [short, prolonged, shortened] = [newKey(), newKey(), newKey()];
    await cache.set(short, "text", 50);
    await cache.set(prolonged, "text", 50);
    await cache.set(prolonged, "text", LONG_MS);
    await cache.set(shortened, "text", LONG_MS);
    await cache.set(shortened, "text", 0.5);
    await adapter.pass(100);
    expect(await Promise.all([short, prolonged, shortened].map(cache.get))).toEqual([null, "text", null]);
  });

  test("what a process tells is heard by all others that listen to the channel, in order, and not by itself", async () => {
    const [teller, one, two] = [await open(), await open(), await open()];
    const channel = newKey();
    const heard: Record<string, string[]> = { teller: [], one: [], again: [], two: [], elsewhere: [] };
    teller.hints.listen(channel, (text) => heard.teller?.push(text));
    one.hints.listen(channel, (text) => heard.one?.push(text));
    one.hints.listen(channel, (text) => heard.again?.push(text));
    two.hints.listen(newKey(), (text) => heard.elsewhere?.push(text));
    two.hints.listen(channel, (text) => heard.two?.push(text));
    await until("everybody listens", () => {
      teller.hints.tell(channel, "anybody?");
      one.hints.tell(channel, "and you?");
      return Object.entries(heard).every(([name, texts]) => texts.length > 0 || name === "elsewhere");
    });
    const texts = ["first", "", "two words\nand a line", "茶"];
    for (const text of texts) teller.hints.tell(channel, text);
    one.hints.tell(channel, "the end");
    const hasHeard = (name: string, text: string) => heard[name]?.includes(text) === true;
    await until(
      "all have heard the last words of each",
      () =>
        ["one", "again", "two"].every((name) => hasHeard(name, "茶")) &&
        ["teller", "two"].every((name) => hasHeard(name, "the end")),
    );
    // What different processes tell has no order.
    const told = (words: readonly string[] = []) => words.filter((word) => !word.endsWith("?") && word !== "the end");
    for (const name of ["one", "again", "two"]) expect(told(heard[name])).toEqual(texts);
    expect(heard.teller).not.toContain("first");
    for (const name of ["one", "again"]) {
      expect(heard[name]).not.toContain("and you?");
      expect(heard[name]).not.toContain("the end");
    }
    expect(heard.elsewhere).toEqual([]);
  });

  test("a process that has ended its access is heard no more and hears no more, and asks in vain without harm", async () => {
    const [ended, other] = [await open(), await open()];
    const channel = newKey();
    const heard: string[] = [];
    ended.hints.listen(channel, (text) => heard.push(text));
    other.hints.listen(channel, (text) => heard.push(text));
    await until("both are heard", () => {
      ended.hints.tell(channel, "a");
      other.hints.tell(channel, "b");
      return heard.includes("a") && heard.includes("b");
    });
    ended.close();
    ended.close();
    ended.hints.tell(channel, "too late");
    other.hints.tell(channel, "nobody hears");
    const key = newKey();
    await ended.cache.set(key, "text", LONG_MS);
    await ended.cache.get(key);
    await ended.cache.remove([key]);
    const third = await open();
    third.hints.tell(channel, "the end");
    await until("the other one has heard the end", () => heard.includes("the end"));
    expect(heard.filter((text) => text.length > 1)).toEqual(["the end"]);
  });

  test("a budget is used up once for all its users, and comes back evenly", async () => {
    const { budgets } = await open();
    const budget = { key: newKey(), units: 3, periodMs: 30_000 };
    const taken = await Promise.all(Array.from({ length: 5 }, () => budgets.take([budget])));
    expect(taken.slice(0, 3)).toEqual([0, 0, 0]);
    for (const waitMs of taken.slice(3)) {
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(10_000);
    }
  });

  test("a budget that comes back is there again after as long as was told, and no more than whole", async () => {
    const { budgets } = await open();
    const budget = { key: newKey(), units: 2, periodMs: 400 };
    const takeAll = async () => {
      for (let taken = 0; ; taken++) {
        const waitMs = (await budgets.take([budget])) ?? Number.NaN;
        if (waitMs !== 0) return { taken, waitMs };
      }
    };
    const { waitMs } = await takeAll();
    await adapter.pass(waitMs);
    expect((await takeAll()).taken).toBeGreaterThan(0);
    await adapter.pass(4_000);
    expect((await takeAll()).taken).toBeGreaterThanOrEqual(2);
  });

  test("of several budgets all or none is taken", async () => {
    const { budgets } = await open();
    const [small, large] = [1, 2].map((units) => ({ key: newKey(), units, periodMs: LONG_MS }));
    if (!small || !large) throw new Error("there are two");
    expect(await budgets.take([small, large])).toBe(0);
    expect(await budgets.take([large, small])).toBeGreaterThan(0);
    expect(await budgets.take([large])).toBe(0);
    expect(await budgets.take([large])).toBeGreaterThan(0);
  });
});
