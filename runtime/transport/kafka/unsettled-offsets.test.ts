import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../property.fixture.ts";
import { createUnsettledOffsets } from "./unsettled-offsets.ts";

test("nothing new is nothing to commit", () => {
  const offsets = createUnsettledOffsets(5n);
  expect(offsets.watermark()).toBeUndefined();
  offsets.begin(5n);
  expect(offsets.watermark()).toBeUndefined();
  offsets.settle(5n);
  expect(offsets.watermark()).toBe(6n);
  // A commit may fail.
  expect(offsets.watermark()).toBe(6n);
  offsets.committed(6n);
  expect(offsets.watermark()).toBeUndefined();
});

test("the first one that has not settled is where a crash goes on", () => {
  verify(
    fc.property(
      fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      (given, chance) => {
        const begun = given.map(BigInt).sort((a, b) => Number(a - b));
        const offsets = createUnsettledOffsets(begun[0] ?? 0n);
        for (const offset of begun) offsets.begin(offset);
        const left = [...begun];
        let committed = begun[0] ?? 0n;
        for (const draw of chance) {
          if (left.length === 0) break;
          const [settled] = left.splice(draw % left.length, 1);
          offsets.settle(settled ?? 0n);
          committed = offsets.watermark() ?? committed;
          offsets.committed(committed);
          expect(committed).toBe(left[0] ?? (begun.at(-1) ?? 0n) + 1n);
        }
      },
    ),
  );
});

test("a batch from further on goes on with the count, one from behind begins a new one", () => {
  const offsets = createUnsettledOffsets(5n);
  expect(offsets.continuesAt(5n)).toBe(true);
  offsets.begin(5n);
  offsets.begin(6n);
  expect([offsets.continuesAt(7n), offsets.continuesAt(9n), offsets.continuesAt(6n)]).toEqual([true, true, false]);
  // A late batch of the time before a rebalance: the first record is still in hand, and stays the one to go on with.
  offsets.settle(6n);
  offsets.begin(7n);
  offsets.settle(7n);
  expect(offsets.watermark()).toBeUndefined();
  offsets.settle(5n);
  expect(offsets.watermark()).toBe(8n);
});
