import { describe, expect, test } from "bun:test";
import { type Basket, listLines, skusOf } from "./basket.ts";

const PRICES: Readonly<Record<string, number | null>> = {
  TEA: 599_00,
  CUP: 1,
  GOLD: Number.MAX_SAFE_INTEGER,
  LOCAL: null,
};
const lookup = (sku: string) => {
  const unitPrice = PRICES[sku];
  return unitPrice === undefined ? undefined : ({ unitPrice, taxClass: "reduced", weightGrams: 30 } as const);
};

const basket = (...items: Basket["items"]): Basket => ({ currency: "TWD", country: "TW", items });

/** Fits an answer with just these faults. */
const refused = (...errors: { field: string; code: string }[]) => ({ kind: "refused", errors });

describe("a basket", () => {
  test("is listed line by line, also where a SKU repeats, and weighed as a whole", () => {
    const line = (sku: string, quantity: number, unitPrice: number) => ({
      sku,
      quantity,
      unitPrice,
      subtotal: quantity * unitPrice,
      taxClass: "reduced" as const,
    });
    expect(
      listLines(basket({ sku: "TEA", quantity: 2 }, { sku: "CUP", quantity: 7 }, { sku: "TEA", quantity: 1 }), lookup),
    ).toEqual({
      kind: "listed",
      lines: [line("TEA", 2, 599_00), line("CUP", 7, 1), line("TEA", 1, 599_00)],
      subtotal: 1797_07,
      grams: 300,
    });
  });

  test("asks for each SKU once", () => {
    expect(skusOf(basket({ sku: "A", quantity: 1 }, { sku: "B", quantity: 1 }, { sku: "A", quantity: 2 }))).toEqual([
      "A",
      "B",
    ]);
  });
});

test("never asks for what no SKU can be", () => {
  const illegal = ["", "A\u0000", "A B", "x".repeat(65)].map((sku) => ({ sku, quantity: 1 }));
  expect(skusOf(basket(...illegal, { sku: "A_1.b-2", quantity: 1 }))).toEqual(["A_1.b-2"]);
});

describe("a basket is refused", () => {
  test("for unknown items, with every fault at its line", () => {
    const answer = listLines(
      basket({ sku: "TEA", quantity: 1 }, { sku: "NONE", quantity: 1 }, { sku: "LOCAL", quantity: 1 }),
      lookup,
    );
    expect(answer).toMatchObject(
      refused({ field: "/items/1/sku", code: "unknown_item" }, { field: "/items/2/sku", code: "no_price" }),
    );
  });

  test("for its currency where nothing in it has a price in it", () => {
    const answer = listLines(
      basket({ sku: "LOCAL", quantity: 1 }, { sku: "NONE", quantity: 1 }, { sku: "LOCAL", quantity: 2 }),
      lookup,
    );
    expect(answer).toMatchObject(
      refused({ field: "/currency", code: "no_price" }, { field: "/items/1/sku", code: "unknown_item" }),
    );
  });

  test("for names that only objects have", () => {
    const map = new Map([["TEA", lookup("TEA")]]);
    const answer = listLines(basket({ sku: "constructor", quantity: 1 }), (sku) => map.get(sku));
    expect(answer).toMatchObject(refused({ field: "/items/0/sku", code: "unknown_item" }));
  });

  test("for a line that leaves the safe integers, but not for the greatest that stays", () => {
    expect(listLines(basket({ sku: "GOLD", quantity: 1 }), lookup)).toMatchObject({
      kind: "listed",
      subtotal: 2 ** 53 - 1,
    });
    const answer = listLines(basket({ sku: "GOLD", quantity: 2 }), lookup);
    expect(answer).toMatchObject(refused({ field: "/items/0/quantity", code: "amount_too_large" }));
  });

  test("for a sum that leaves the safe integers", () => {
    const answer = listLines(basket({ sku: "GOLD", quantity: 1 }, { sku: "CUP", quantity: 1 }), lookup);
    expect(answer).toMatchObject(refused({ field: "/items", code: "amount_too_large" }));
  });
});
