import { expect, test } from "bun:test";
import { DatabaseError } from "../../runtime/database/port.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import { createChanges } from "../../runtime/messages/changes.ts";
import { virtualTime } from "../../runtime/virtual-time.fixture.ts";
import { historyEvents } from "./history-stream.ts";
import { newOrder } from "./order.fixture.ts";
import type { HistoryEntry, Order } from "./order.ts";

const AWAY = new DatabaseError("unavailable", "08006", "the database is away");

const stored = (state: Order): Stored<Order> => ({
  key: state.id,
  state,
  version: state.historyLength,
  positions: { in: {}, out: {} },
});

/** A stream behind `sequence` of an order whose row and history stand in a database that may go away. */
function follow(sequence: number, first: Partial<Order> = {}) {
  const time = virtualTime();
  let order: Order = { ...newOrder, stage: "PENDING", status: "PENDING", historyLength: 1, ...first };
  let isAway = false;
  const database = async <T>(answer: () => T) => {
    if (isAway) throw AWAY;
    return answer();
  };
  const changes = createChanges<Order>({
    scheduler: time.scheduler,
    readNewer: ([seen]) =>
      database(() =>
        seen && order.historyLength > seen.version ? [{ key: order.id, decode: () => stored(order) }] : [],
      ),
    report: () => undefined,
  });
  const entry = (n: number): HistoryEntry => ({ orderId: order.id, sequence: n, type: `Event${n}`, at: n, data: {} });
  const deps = {
    changes,
    historyAfter: ({ afterSequence }: { afterSequence: number }) =>
      database(() =>
        Array.from({ length: order.historyLength - afterSequence }, (_, index) => entry(afterSequence + index + 1)),
      ),
  };
  const leaving = new AbortController();
  const told: (number | null)[] = [];
  let over = false;
  async function listen() {
    for await (const event of historyEvents(deps, stored(order), sequence, leaving.signal))
      told.push(event?.id ?? null);
    over = true;
  }
  const listening = listen();
  return {
    time,
    told,
    changes,
    listening,
    leave: () => leaving.abort(),
    isOver: () => over,
    /** The order has more entries; the process hears of it at once when it has made them itself. */
    grow(historyLength: number, change: Partial<Order> = {}, here = false) {
      order = { ...order, ...change, historyLength };
      if (here) changes.notify([stored(order)]);
    },
    away(is: boolean) {
      isAway = is;
    },
  };
}

test("what is there, then each entry once and in order, whoever has made it; then the end", async () => {
  const stream = follow(0, { historyLength: 3 });
  await stream.time.advance(0);
  expect(stream.told).toEqual([1, 2, 3]);
  stream.grow(4, {}, true);
  await stream.time.advance(0);
  expect(stream.told).toEqual([1, 2, 3, 4]);
  stream.grow(6);
  await stream.time.advance(250);
  expect(stream.told).toEqual([1, 2, 3, 4, 5, 6]);
  stream.grow(7, { stage: "REJECTED", undoing: ["stock"] });
  await stream.time.advance(250);
  expect(stream.isOver()).toBe(false);
  stream.grow(8, { undoing: [] }, true);
  await stream.listening;
  expect(stream.told).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(stream.time.pending).toBe(0);
});

test("behind a sequence: what is told already is not told again, and one that is ahead waits", async () => {
  const resumed = follow(2, { historyLength: 3 });
  const ahead = follow(5, { historyLength: 3 });
  for (const { time, grow } of [resumed, ahead]) {
    grow(5);
    await time.advance(250);
    grow(6);
    await time.advance(250);
  }
  expect([resumed.told, ahead.told]).toEqual([[3, 4, 5, 6], [6]]);
});

test("an outage delays it, and loses and doubles nothing", async () => {
  const stream = follow(0);
  await stream.time.advance(0);
  stream.away(true);
  stream.grow(3, {}, true);
  await stream.time.advance(3_000);
  stream.grow(4);
  await stream.time.advance(3_000);
  expect(stream.told.filter((id) => id !== null)).toEqual([1]);
  stream.away(false);
  await stream.time.advance(1_000);
  expect(stream.told.filter((id) => id !== null)).toEqual([1, 2, 3, 4]);
});

test("it tells that it lives while nothing happens", async () => {
  const stream = follow(0);
  await stream.time.advance(25_000);
  expect(stream.told).toEqual([1, null, null]);
});

test("who leaves, and the end of the process, end it with all that it waits for", async () => {
  const [left, ended] = [follow(0), follow(0)];
  await Promise.all([left.time.advance(0), ended.time.advance(0)]);
  left.leave();
  ended.changes.end();
  await Promise.all([left.listening, ended.listening]);
  expect([left.time.pending, ended.time.pending]).toEqual([0, 0]);
});

test("an order that has ended is told and over", async () => {
  const stream = follow(0, { historyLength: 2, stage: "COMPLETED" });
  await stream.listening;
  expect(stream.told).toEqual([1, 2]);
});
