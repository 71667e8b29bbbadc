import { describe, expect, test } from "bun:test";
import { DatabaseError, type Lane, type Row, type Statement } from "../../runtime/database/port.ts";
import { createPriceBatch, type PriceBatch } from "./price-batch.ts";
import { promotionOf, termsOf } from "./promotion.fixture.ts";
import { createTermsReader } from "./terms-store.ts";

const NOW = "1970-01-01T00:00:00.000Z";

/** A lane whose answers the test gives, one by one. */
function heldLane() {
  const sent: { statement: Statement; answer: (rows: Row[]) => void; fail: (error: unknown) => void }[] = [];
  const lane: Lane = {
    run: (statement) =>
      new Promise((answer, fail) => {
        sent.push({ statement, answer, fail });
      }),
    begin: () => Promise.reject(new Error("prices are read without a transaction")),
    close: () => Promise.resolve(),
  };
  const held = (index: number) => {
    const found = sent[index];
    if (!found) throw new Error(`only ${sent.length} statements were sent`);
    return found;
  };
  return { lane, sent, held };
}

const product = (sku: string, currency: string, amount: number | null): Row => ({
  sku,
  currency,
  amount,
  tax_class: "zero",
  weight_grams: 1,
});
const answerOf = (...products: readonly Row[]): Row[] => [
  { sku: null, promotions: "[]", taxes: [], shippings: [] },
  ...products,
];

/** Asks through a batch for the prices of SKUs in a currency. */
function batchOver(lane: Lane, limits?: Parameters<typeof createPriceBatch>[1]) {
  const batch: PriceBatch = createPriceBatch(createTermsReader(lane, { now: () => Date.parse(NOW) }), limits);
  return {
    async ask(currency: string, skus: readonly string[], country = "TW") {
      const items = skus.map((sku) => ({ sku, quantity: 1 }));
      const terms = await batch.ask({ currency, country, items });
      return (sku: string) => terms.product(sku)?.unitPrice;
    },
    terms: batch.ask,
  };
}

/** Lets everything run that waits for nothing but its turn. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe("price questions", () => {
  test("share one statement while another is in flight, and only those asked before it began", async () => {
    const { lane, sent, held } = heldLane();
    const batch = batchOver(lane);
    const first = batch.ask("TWD", ["A"]);
    const second = batch.ask("TWD", ["B", "A"]);
    const third = batch.ask("USD", ["A", "C"]);
    expect(sent.map(({ statement }) => statement.params)).toEqual([['{"A"}', '{"TWD"}', '{"TW"}', '{"TWD"}', NOW]]);

    held(0).answer(answerOf(product("A", "TWD", 100)));
    expect((await first)("A")).toBe(100);
    await settled();
    expect(sent.length).toBe(2);
    expect(held(1).statement.params).toEqual([
      '{"B","A","A","C"}',
      '{"TWD","TWD","USD","USD"}',
      '{"TW","TW"}',
      '{"TWD","USD"}',
      NOW,
    ]);
    expect(held(1).statement.text).toBe(held(0).statement.text);

    const late = batch.ask("TWD", ["A"]);
    await settled();
    expect(sent.length).toBe(2);
    held(1).answer(answerOf(product("A", "TWD", 100), product("A", "USD", 3), product("B", "TWD", null)));
    const [inTwd, inUsd] = [await second, await third];
    expect([inTwd("A"), inTwd("B"), inUsd("A"), inUsd("B"), inUsd("C")]).toEqual([100, null, 3, undefined, undefined]);

    // Written after the second statement began: the late asker must see it.
    await settled();
    held(2).answer(answerOf(product("A", "TWD", 250)));
    expect((await late)("A")).toBe(250);
    await settled();
    expect(sent.length).toBe(3);
  });

  test("of a failed statement are rejected, the others are asked", async () => {
    const { lane, held } = heldLane();
    const batch = batchOver(lane);
    const failing = batch.ask("TWD", ["A"]);
    const waiting = batch.ask("TWD", ["A"]);
    const gone = new DatabaseError("unavailable", "", "gone");
    held(0).fail(gone);
    await expect(failing).rejects.toBe(gone);
    await settled();
    held(1).answer(answerOf(product("A", "TWD", 7)));
    expect((await waiting)("A")).toBe(7);
  });

  test("are limited a statement, and a basket is never split", async () => {
    const { lane, sent, held } = heldLane();
    const batch = batchOver(lane, { groupSize: 2, openLimit: 10 });
    const asked = [["A"], ["A", "B", "C"], ["A"], ["B"], ["C"]].map((skus) => batch.ask("TWD", skus));
    const expected = ['{"A"}', '{"A","B","C"}', '{"B","C"}'];
    for (const [index, skus] of expected.entries()) {
      expect(held(index).statement.params[0]).toBe(skus);
      held(index).answer(answerOf());
      await settled();
    }
    await Promise.all(asked);
    expect(sent.length).toBe(3);
  });

  test("beyond the limit of open ones are rejected at once as unavailable, until one is answered", async () => {
    const { lane, held } = heldLane();
    const batch = batchOver(lane, { groupSize: 10, openLimit: 2 });
    const first = batch.ask("TWD", ["A"]);
    const second = batch.ask("TWD", ["B"]);
    await expect(batch.ask("TWD", ["C"])).rejects.toMatchObject({ kind: "unavailable" });
    held(0).answer(answerOf(product("A", "TWD", 1)));
    await first;
    const third = batch.ask("TWD", ["C"]);
    await settled();
    held(1).answer(answerOf());
    expect((await second)("B")).toBeUndefined();
    await settled();
    held(2).answer(answerOf(product("C", "TWD", 5)));
    expect((await third)("C")).toBe(5);
  });

  test("come with the promotions, and with the rates of their own destination and currency", async () => {
    const { lane, held } = heldLane();
    const batch = batchOver(lane);
    const items = [{ sku: "A", quantity: 1 }];
    const first = batch.terms({ currency: "TWD", country: "TW", items });
    const later = [
      batch.terms({ currency: "TWD", country: "US", items }),
      batch.terms({ currency: "USD", country: "US", items }),
      batch.terms({ currency: "USD", country: "JP", items }),
    ];
    held(0).answer(answerOf());
    expect(await first).toMatchObject({ promotions: [], tax: undefined, shipping: undefined });
    await settled();
    expect(held(1).statement.params.slice(2, 4)).toEqual(['{"US","US","JP"}', '{"TWD","USD","USD"}']);
    const tax = { country: "US", inclusive: false, rates: { standard: 1, reduced: 1, zero: 0 } };
    const bands = [{ upToGrams: null, amount: 5 }];
    held(1).answer([
      {
        sku: null,
        promotions: JSON.stringify([termsOf()]),
        taxes: [tax],
        shippings: [{ country: "US", currency: "USD", bands }],
      },
    ]);
    const [inTwd, inUsd, toJapan] = await Promise.all(later);
    expect(inTwd).toMatchObject({ promotions: [promotionOf()], tax, shipping: undefined });
    expect(inUsd).toMatchObject({ promotions: [promotionOf()], tax, shipping: bands });
    expect(toJapan).toMatchObject({ promotions: [promotionOf()], tax: undefined, shipping: undefined });
  });
});
