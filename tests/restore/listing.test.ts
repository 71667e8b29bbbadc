import { expect, test } from "bun:test";
import { faultsOfListing, patternsIn, unknownDetails } from "./listing.ts";
import { differences, type Standing } from "./standing.ts";

const before: Standing = new Map<string, Readonly<Record<string, string>>>([
  ["order a", { order: "DELIVERED", payment: "CAPTURED" }],
  ["order b", { order: "FULFILLING", payment: "AUTHORISED" }],
  ["stock X in main", { inventory: "5 1" }],
]);
const listed = (subject: string, invariant = "money", detail = "wrong") => ({ subject, invariant, detail });

test("nothing differs and nothing is listed", () => {
  expect(faultsOfListing(differences(before, before), [], [])).toEqual([]);
});

test("an order that stands otherwise, or is gone, must be listed", () => {
  const after = new Map([...before, ["order a", { order: "DELIVERED", payment: "AUTHORISED" }] as const]);
  after.delete("order b");
  const found = differences(before, after);
  expect(faultsOfListing(found, [], [])).toEqual([
    "not listed: order a, payment: CAPTURED → AUTHORISED",
    "not listed: order b, order: FULFILLING → nothing, payment: AUTHORISED → nothing",
  ]);
  expect(faultsOfListing(found, [listed("order a"), listed("order b")], [])).toEqual([]);
});

test("an order that stands as before may be listed for its numbers alone", () => {
  expect(faultsOfListing([], [listed("order a", "sequence")], [])).toEqual([]);
  expect(faultsOfListing([], [listed("order a", "orders", "gone")], [])).toEqual([
    "listed, and stands as before: order a, gone",
  ]);
});

test("a total may differ where a listed order of the same module does, or nobody was told", () => {
  const after = new Map([...before, ["stock X in main", { inventory: "2 1" }] as const]);
  const found = differences(before, after);
  expect(faultsOfListing(found, [], [])).toHaveLength(1);
  expect(faultsOfListing(found, [], ["stock X in main"])).toEqual([]);
  const withOrder = differences(before, new Map([...after, ["order a", { order: "DELIVERED" }] as const]));
  expect(faultsOfListing(withOrder, [listed("order a")], [])).toHaveLength(1);
  const withStock = new Map([...after, ["order a", { ...before.get("order a"), inventory: "HELD" }] as const]);
  expect(faultsOfListing(differences(before, withStock), [listed("order a")], [])).toEqual([]);
});

test("a runbook's patterns stand as code in the first column, and … is anything", () => {
  const known = patternsIn("| Detail | Means |\n| - | - |\n| `… is gone`, `… waits (…)` | x `not this` |\n");
  expect(known).toEqual(["… is gone", "… waits (…)"]);
  const details = ["order is gone", "it waits (long)", "is gone", "it waits"];
  expect(
    unknownDetails(
      details.map((detail) => listed("order a", "orders", detail)),
      known,
    ),
  ).toEqual(details.slice(2));
});
