import { expect, test } from "bun:test";
import { judgeStock } from "./judge-stock.ts";

type Position = Parameters<typeof judgeStock>[0];

/** 10 came in, 3 of them have left, 2 are held; the ledger says the same. `change`: what does not fit. */
const position = (change: Partial<Position> = {}): Position => ({
  sku: "A",
  warehouse: "main",
  figures: { onHand: 7, reserved: 2, backorder: false },
  moved: { onHand: 7, reserved: 2 },
  held: 2,
  shipped: 3,
  brought: 10,
  ...change,
});
const details = (change: Partial<Position>) => judgeStock(position(change)).map(({ detail }) => detail);

test("figures that the movements and the reservations explain are right", () => {
  expect(details({})).toEqual([]);
});

test.each<[string, Partial<Position>, string]>([
  ["an adjustment without its movement", { brought: 9 }, "7 on hand, but 9 came in and 3 have left with parcels"],
  ["a parcel that took nothing along", { shipped: 4 }, "7 on hand, but 10 came in and 4 have left with parcels"],
  ["a figure that nothing moved", { moved: { onHand: 7, reserved: 1 } }, "its movements give 7 and 1"],
  ["units that nobody holds", { held: 1 }, "2 reserved, but orders hold 1"],
  ["movements without a row", { figures: null }, "there is no stock row"],
])("%s is told", (_what, change, detail) => {
  expect(details(change)).toEqual([expect.stringContaining(detail)]);
});

test("what an older version does not tell is not judged", () => {
  expect(details({ brought: undefined, shipped: undefined })).toEqual([]);
});

test("more may be owed than there is on backorder, and nowhere else", () => {
  const owing = (backorder: boolean, onHand = 1) => ({
    figures: { onHand, reserved: 2, backorder },
    moved: { onHand, reserved: 2 },
    brought: onHand + 3,
  });
  expect(details(owing(true))).toEqual([]);
  // A parcel has left with units that were never booked in.
  expect(details(owing(true, -1))).toEqual([]);
  expect(details(owing(false))).toEqual(["2 reserved of 1 on hand"]);
});
