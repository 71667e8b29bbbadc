import { expect, test } from "bun:test";
import type { Item } from "./item.ts";
import { aboutItem, aboutKey } from "./log-about.ts";
import { incoming } from "./replicas.fixture.ts";
import { tally } from "./tally.fixture.ts";

const { aggregate } = tally();
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;

test("a key is also called what it is an id of: of the aggregate itself, or of what the aggregate belongs to", () => {
  expect(aboutKey(aggregate, "k")).toEqual({ key: "k", tallyId: "k" });
  expect(aboutKey({ identifies: "orderId" }, "k")).toEqual({ key: "k", orderId: "k" });
});

test("an item says what it is, whose, and of which trace", () => {
  const settle = () => undefined;
  const envelope = incoming("k", 1, "{}");
  const item: Item<never, never> = { kind: "message", key: "k", envelope, settle };
  expect(aboutItem(aggregate, item)).toEqual({ item: "message", key: "k", tallyId: "k" });
  expect(aboutItem(aggregate, { ...item, envelope: { ...envelope, traceparent } })).toMatchObject({ traceId: TRACE });
  const timer: Item<never, never> = {
    kind: "timer",
    key: "k",
    timer: { shard: 0, key: "k", kind: "t", dueMs: 1 },
    settle,
  };
  expect(aboutItem(aggregate, timer)).toEqual({ item: "timer", key: "k", tallyId: "k" });
});
