import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { holdCoupon } from "./contract.ts";
import { couponOf, offerOf } from "./coupon.fixture.ts";
import { type Coupon, whyNotAgain, whyNotForBasket, whyNotNow } from "./coupon.ts";
import { priced } from "./price.ts";

const fixed = (value: number) => couponOf({ kind: "fixed", value, currency: "USD" });
const FREE_SHIPPING = couponOf({ kind: "free_shipping", value: null });

describe("a coupon takes off", () => {
  test.each([
    ["10 % of one line", couponOf(), [3780], [378]],
    ["10 %, rounded once over all lines", couponOf(), [5, 5, 5], [1, 1, 0]],
    ["10 % in proportion", couponOf(), [1890, 3780, 1000], [189, 378, 100]],
    ["10 % with the larger remainders first", couponOf(), [14, 16], [1, 2]],
    ["33 %, half up", couponOf({ value: 33 }), [50, 100], [17, 33]],
    ["everything", couponOf({ value: 100 }), [7, 0, 9], [7, 0, 9]],
    ["a fixed amount in proportion", fixed(100), [333, 333, 334], [33, 33, 34]],
    ["a fixed amount, the earlier line first where remainders tie", fixed(1), [10, 10], [1, 0]],
    ["a fixed amount, no more than the sum", fixed(5000), [700, 300], [700, 300]],
    ["nothing of lines that cost nothing", fixed(5), [0, 0], [0, 0]],
    ["shipping alone", FREE_SHIPPING, [500, 600], [0, 0]],
  ])("%s", (_what, coupon, amounts, discounts) => {
    const price = priced(offerOf(...amounts), coupon);
    expect(price.items.map(({ discount }) => discount)).toEqual(discounts);
    expect(price.items.map(({ total }) => total)).toEqual(amounts.map((amount, i) => amount - (discounts[i] ?? 0)));
    const subtotal = amounts.reduce((sum, amount) => sum + amount, 0);
    const discount = discounts.reduce((sum, each) => sum + each, 0);
    expect(price).toMatchObject({ subtotal, discount, total: subtotal - discount });
  });

  test("the shipping, where there is one", () => {
    const shipped = { ...offerOf(500), shipping: 700 };
    expect(priced(shipped, FREE_SHIPPING)).toMatchObject({ shipping: 0, discount: 0, total: 500 });
    expect(priced(shipped, couponOf())).toMatchObject({ shipping: 700, discount: 50, total: 1150 });
  });

  test("of what earlier discounts left, and on top of them", () => {
    const offer = offerOf(1000, 1000);
    const reduced = {
      ...offer,
      lines: offer.lines.map((line, index) => ({ ...line, discount: index === 0 ? 600 : 0 })),
    };
    const after = priced(reduced, couponOf());
    expect(after.items.map(({ discount, total }) => [discount, total])).toEqual([
      [640, 360],
      [100, 900],
    ]);
    expect(after).toMatchObject({ discount: 740, total: 1260 });
    expect(priced(reduced, fixed(10_000))).toMatchObject({ discount: 2000, total: 0 });
  });

  test("amounts that add up, none below zero, and fit the contract", () => {
    const amounts = fc.array(fc.oneof(fc.nat(20), fc.nat(10_000_000)), { minLength: 1, maxLength: 10 });
    const coupon = fc.oneof(
      fc.integer({ min: 1, max: 100 }).map((value) => couponOf({ value })),
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 20_000_000 })).map(fixed),
      fc.constant(FREE_SHIPPING),
    );
    verify(
      fc.property(amounts, coupon, (given, taken) => {
        const before = offerOf(...given);
        const price = priced(before, taken);
        const sum = (of: "subtotal" | "discount" | "total") => price.items.reduce((all, item) => all + item[of], 0);
        expect(price.subtotal).toBe(before.subtotal);
        expect([sum("subtotal"), sum("discount"), sum("total")]).toEqual([price.subtotal, price.discount, price.total]);
        for (const item of price.items) expect(item.total).toBe(item.subtotal - item.discount);
        const orderId = crypto.randomUUID();
        expect(holdCoupon.response.parse({ ...price, orderId })).toEqual({ ...price, orderId });
        if (taken.kind === "fixed") expect(price.discount).toBe(Math.min(taken.value ?? 0, before.subtotal));
      }),
      300,
    );
  });
});

describe("a coupon is refused", () => {
  const NOW = Date.parse("2026-06-01T12:00:00Z");
  const limits = couponOf({ totalLimit: 3, perCustomerLimit: 1 });
  test.each<[string, Partial<Coupon>, string | undefined]>([
    ["it has no dates", {}, undefined],
    ["before it begins", { validFrom: NOW + 1 }, "TEN is not valid before 2026-06-01T12:00:00.001Z"],
    ["not from the moment it begins", { validFrom: NOW }, undefined],
    ["not a moment before it ends", { validUntil: NOW + 1 }, undefined],
    ["at the moment it ends", { validUntil: NOW }, "TEN was valid until 2026-06-01T12:00:00.000Z"],
  ])("by time: %s", (_what, change, why) => expect(whyNotNow(couponOf(change), NOW)).toBe(why));

  const usd = (amount: number) => ({ minimumSpend: { amount, currency: "USD" } });
  test.each<[string, Partial<Coupon>, string | undefined]>([
    ["it asks for nothing", {}, undefined],
    ["not at its minimum", usd(1000), undefined],
    ["below its minimum", usd(1001), "TEN is for 1001 minor units of USD or more, and this is 1000"],
    [
      "for a minimum in another currency",
      { minimumSpend: { amount: 1, currency: "TWD" } },
      "TEN asks for a least amount in TWD, so it is not for orders in USD",
    ],
    ["in another currency", { ...fixed(5), currency: "TWD" }, "TEN is for orders in TWD, not in USD"],
    ["not in its own currency", fixed(5), undefined],
  ])("by basket: %s", (_what, change, why) => expect(whyNotForBasket(couponOf(change), offerOf(400, 600))).toBe(why));

  test("by basket: the minimum is held against the undiscounted subtotal", () => {
    const offer = offerOf(1000);
    const reduced = { ...offer, lines: offer.lines.map((line) => ({ ...line, discount: 900 })) };
    expect(whyNotForBasket(couponOf(usd(1000)), reduced)).toBeUndefined();
  });

  test.each([
    [couponOf(), 1_000_000, 1_000_000, undefined],
    [limits, 2, 0, undefined],
    [limits, 3, 0, "TEN has been used up"],
    [limits, 2, 1, "TEN can be used once by each customer, and you have done so"],
    [couponOf({ perCustomerLimit: 2 }), 9, 2, "TEN can be used 2 times by each customer, and you have done so"],
  ])("by its uses: %#", (coupon, ofAll, ofCustomer, why) =>
    expect(whyNotAgain(coupon, { ofAll, ofCustomer })).toBe(why),
  );
});
