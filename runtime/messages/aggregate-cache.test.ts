import { expect, test } from "bun:test";
import { createAggregateCache } from "./aggregate-cache.ts";

const working = (key: string, more: { state?: number | undefined; dirty?: boolean } = {}) => ({
  key,
  state: "state" in more ? more.state : 1,
  positions: { in: {}, out: {} },
  version: 3,
  marksBefore: undefined,
  dirty: more.dirty ?? true,
});

test("remembers what was committed, with the version that the commit made", () => {
  const cache = createAggregateCache<number>();
  cache.keep([working("a"), working("b", { dirty: false }), working("c", { state: undefined })]);
  expect(cache.get("a")).toMatchObject({ key: "a", state: 1, version: 4 });
  expect(cache.get("b")?.version).toBe(3);
  expect(cache.get("c")).toBeUndefined();
  cache.drop([{ key: "a" }]);
  expect(cache.get("a")).toBeUndefined();
});

test("holds no more than its limit: what was not written for the longest leaves first", () => {
  const cache = createAggregateCache<number>(6);
  const kept = () => ["a", "b", "c", "d", "e", "f", "g"].filter((key) => cache.get(key));
  cache.keep(["a", "b", "c"].map((key) => working(key)));
  cache.keep([working("d"), working("e")]);
  expect(kept()).toEqual(["a", "b", "c", "d", "e"]);
  cache.keep([working("a")]);
  expect(kept()).toEqual(["a", "d", "e"]);
  cache.keep([working("f")]);
  cache.drop([{ key: "e" }, { key: "f" }]);
  cache.keep([working("a", { state: undefined }), working("g")]);
  expect(kept()).toEqual(["d", "g"]);
});

test("gives what was written last, also while an older one is remembered", () => {
  const cache = createAggregateCache<number>(4);
  cache.keep([working("a"), working("b")]);
  cache.keep([working("a", { state: 2 })]);
  expect(cache.get("a")?.state).toBe(2);
});
