import { expect, test } from "bun:test";
import { createRecords } from "./records.ts";

const TOPIC = "events";

function bench(partitions = 1) {
  const written: string[] = [];
  const records = createRecords([TOPIC], partitions, (_place, ids, again) => {
    for (const id of ids) written.push(again.has(id) ? `${id} again` : id);
  });
  const send = (producer: number, firstNumber: number, ...ids: readonly string[]) =>
    records.append({
      topic: TOPIC,
      partition: 0,
      producer,
      firstNumber,
      messages: ids.map((id) => ({ key: "k", value: id, headers: { ce_id: id } })),
    });
  return { records, written, send };
}

test("a producer's batches are written one after the other, and read from any offset", () => {
  const { records, send } = bench();
  send(1, 0, "a", "b");
  send(1, 2, "c");
  const place = { topic: TOPIC, partition: 0 };
  expect(records.endOf(place)).toBe(3);
  const read = records.read(place, 1, 5);
  expect(read.map(({ offset, key, value }) => `${offset} ${key} ${value}`)).toEqual(["1 k b", "2 k c"]);
});

test("the same batch of one producer is written once, of another one again", () => {
  const { written, send } = bench();
  send(1, 0, "a", "b");
  send(1, 0, "a", "b");
  send(2, 0, "a", "b");
  expect(written).toEqual(["a", "b", "a again", "b again"]);
});

test("other records under the numbers of what has come are acknowledged and lost", () => {
  const { written, send } = bench();
  send(1, 0, "a");
  send(1, 0, "b");
  expect(written).toEqual(["a"]);
});

test("a number that is neither next nor known is out of order, and what is of no topic is refused", () => {
  const { records, written, send } = bench();
  send(1, 0, "a");
  expect(() => send(1, 0, "a", "b")).toThrow("number 0 comes where 1 is next");
  expect(() => send(1, 2, "c")).toThrow("number 2 comes where 1 is next");
  expect(() => records.endOf({ topic: "unknown", partition: 0 })).toThrow("there is no unknown/0");
  expect(written).toEqual(["a"]);
});

test("a key is always in one partition, and several keys are in several", () => {
  const { records } = bench(4);
  const of = (key: string) => records.partitionOf(TOPIC, key);
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
  expect(keys.map(of)).toEqual(keys.map(of));
  expect([...new Set(keys.map(of))].sort()).toEqual([0, 1, 2, 3]);
});
