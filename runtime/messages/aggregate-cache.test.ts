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

test("holds no more than its limit: the longest unused leaves first", () => {
  const cache = createAggregateCache<number>(3);
  cache.keep(["a", "b", "c"].map((key) => working(key)));
  cache.keep([working("a")]);
  cache.keep([working("d"), working("e")]);
  expect(["a", "b", "c", "d", "e"].filter((key) => cache.get(key))).toEqual(["a", "d", "e"]);
});
