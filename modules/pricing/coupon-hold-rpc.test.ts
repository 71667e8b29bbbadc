/** Coupons held, used and released by replicas over a real PostgreSQL. */
import { describe, expect, test } from "bun:test";
import { until } from "../../runtime/until.fixture.ts";
import { couponOf } from "./coupon.fixture.ts";
import { ids, ORPHAN_AFTER_MS, pricingBench, type Replica } from "./replicas.fixture.ts";

const bench = pricingBench();

const two = () => Promise.all([bench.replica(), bench.replica()]);
type Answer = Awaited<ReturnType<Replica["hold"]>>;

/** The order id of a hold; throws where it was refused. */
function heldFor(answer: Answer): string {
  if (answer.kind === "refused") throw new Error(`refused: ${JSON.stringify(answer.errors)}`);
  return answer.orderId;
}

const refusedFor = (why: string) => ({
  kind: "refused",
  errors: [{ field: "/couponCode", code: "coupon_not_valid", message: expect.stringContaining(why) }],
});

describe("a coupon", () => {
  test("is held with the price that it makes", async () => {
    await bench.add(couponOf({ value: 15, totalLimit: 2 }));
    const replica = await bench.replica();
    const orderId = ids.next();
    const answer = await replica.hold("TEN", { orderId, quantity: 3 });
    expect(answer).toMatchObject({ kind: "priced", orderId, subtotal: 3000, discount: 450, total: 2550 });
    expect([await bench.uses("TEN"), await bench.status(orderId)]).toEqual([1, "HELD"]);
  });

  test.each([
    ["there is none", "there is no coupon NOPE", couponOf(), "NOPE", {}],
    ["it can be none", "there is no such coupon", couponOf(), "N\u0000PE", {}],
    ["it has ended", "was valid until", couponOf({ validUntil: 1 }), "TEN", {}],
    ["it has not begun", "is not valid before", couponOf({ validFrom: 4_000_000_000_000 }), "TEN", {}],
    ["it is below its minimum", "or more", couponOf({ minimumSpend: { amount: 1001, currency: "USD" } }), "TEN", {}],
    ["its currency is another", "is for orders in TWD", couponOf({ kind: "fixed", currency: "TWD" }), "TEN", {}],
  ])("is refused, and nothing kept, where %s", async (_what, why, coupon, code, given) => {
    await bench.add(coupon);
    const replica = await bench.replica();
    const holdKey = ids.next();
    expect(await replica.hold(code, { ...given, holdKey })).toMatchObject(refusedFor(why));
    expect(await bench.uses("TEN")).toBe(0);
    for (const table of ["coupon_hold", "idempotency", "timer"])
      expect([table, await bench.count(table)]).toEqual([table, 0]);
    // The key is free for another coupon.
    await bench.add(couponOf({ code: "GOOD" }));
    heldFor(await replica.hold("GOOD", { holdKey }));
  });

  test("is not asked for where the basket cannot be priced", async () => {
    await bench.add(couponOf());
    const replica = await bench.replica();
    expect(await replica.hold("TEN", { currency: "TWD" })).toMatchObject({
      kind: "refused",
      errors: [
        { field: "/currency", code: "no_price" },
        { field: "/shippingAddress/country", code: "no_shipping_rate" },
      ],
    });
    expect(await bench.uses("TEN")).toBe(0);
  });
});

describe("limits hold at two replicas at once", () => {
  test("over all: 50 want a coupon that there is 5 times", async () => {
    await bench.add(couponOf({ totalLimit: 5 }), couponOf({ code: "OTHER", totalLimit: 1000 }));
    const replicas = await two();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => replicas[n % 2]?.hold("TEN", { customerId: `customer-${n}` })),
    );
    expect(answers.filter((answer) => answer?.kind === "priced")).toHaveLength(5);
    for (const answer of answers) if (answer?.kind === "refused") expect(answer).toMatchObject(refusedFor("used up"));
    expect(await bench.uses("TEN")).toBe(5);
    expect(await bench.count("coupon_hold")).toBe(5);
  });

  test("for each customer: 40 wanted by four who may have it twice, many of them for the first time", async () => {
    await bench.add(couponOf({ perCustomerLimit: 2 }));
    const replicas = await two();
    const customers = ["ann", "ben", "cat", "dan"];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        replicas[n % 2]?.hold("TEN", { customerId: customers[Math.floor(n / 2) % 4] ?? "" }),
      ),
    );
    expect(answers.filter((answer) => answer?.kind === "priced")).toHaveLength(8);
    for (const customer of customers) expect([customer, await bench.uses("TEN", customer)]).toEqual([customer, 2]);
    expect(await bench.uses("TEN")).toBe(8);
  });

  test("while uses are given back and had again", async () => {
    await bench.add(couponOf({ totalLimit: 3, perCustomerLimit: 1 }));
    const replicas = await two();
    let most = 0;
    const work = Array.from({ length: 16 }, async (_, n) => {
      const [own, other] = n % 2 ? [replicas[0], replicas[1]] : [replicas[1], replicas[0]];
      let held = 0;
      for (let round = 0; round < 4; round++) {
        const answer = await own.hold("TEN", { customerId: `customer-${n % 5}` });
        if (answer.kind === "refused") continue;
        held++;
        most = Math.max(most, await bench.uses("TEN"));
        await other.command("ReleaseCoupon", answer.orderId, 1);
      }
      return held;
    });
    const held = (await Promise.all(work)).reduce((sum, each) => sum + each, 0);
    expect(held).toBeGreaterThanOrEqual(3);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    expect(await bench.uses("TEN")).toBe(0);
    expect(await bench.count("dead_letter")).toBe(0);
  });
});

describe("a repeated request", () => {
  test("finds its hold and its order id, at once and later, at both replicas, and uses the coupon once", async () => {
    await bench.add(couponOf({ totalLimit: 1, perCustomerLimit: 1 }));
    const [one, other] = await two();
    const holdKey = ids.next();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 ? one : other).hold("TEN", { holdKey })),
    );
    answers.push(await one.hold("TEN", { holdKey, quantity: 2 }), await other.hold("TEN", { holdKey, quantity: 2 }));
    expect(new Set(answers.map(heldFor)).size).toBe(1);
    expect(answers.at(-1)).toMatchObject({ discount: 200 });
    expect([await bench.uses("TEN"), await bench.uses("TEN", "alice"), await bench.count("coupon_hold")]).toEqual([
      1, 1, 1,
    ]);
    expect(await one.hold("TEN")).toMatchObject(refusedFor("used up"));
  });

  test("for another coupon is told to take a new key", async () => {
    await bench.add(couponOf(), couponOf({ code: "OTHER" }));
    const replica = await bench.replica();
    const holdKey = ids.next();
    heldFor(await replica.hold("TEN", { holdKey }));
    expect(await replica.hold("OTHER", { holdKey })).toMatchObject(refusedFor("send a new key"));
    expect(await bench.uses("OTHER")).toBe(0);
  });

  test("whose basket has come below the minimum is refused; the hold stays as it was", async () => {
    await bench.add(couponOf({ minimumSpend: { amount: 2000, currency: "USD" } }));
    const replica = await bench.replica();
    const holdKey = ids.next();
    const orderId = heldFor(await replica.hold("TEN", { holdKey, quantity: 2 }));
    expect(await replica.hold("TEN", { holdKey })).toMatchObject(refusedFor("or more"));
    expect(await bench.status(orderId)).toBe("HELD");
  });
});

describe("the order's saga", () => {
  test("uses the coupon, and gives it back, each answered again without a second effect", async () => {
    await bench.add(couponOf({ totalLimit: 1, perCustomerLimit: 1 }));
    const replica = await bench.replica();
    const holdKey = ids.next();
    const orderId = heldFor(await replica.hold("TEN", { holdKey }));
    await replica.command("UseCoupon", orderId, 1);
    await replica.command("UseCoupon", orderId, 2);
    expect([await bench.status(orderId), await bench.uses("TEN"), await bench.count("timer")]).toEqual(["USED", 1, 0]);
    expect(await replica.hold("TEN", { holdKey })).toMatchObject(refusedFor("placed already"));
    await replica.command("ReleaseCoupon", orderId, 3);
    await replica.command("ReleaseCoupon", orderId, 4);
    expect([await bench.status(orderId), await bench.uses("TEN"), await bench.uses("TEN", "alice")]).toEqual([
      "RELEASED",
      0,
      0,
    ]);
    await until("all is told", () => replica.events(orderId).length === 4);
    expect(replica.events(orderId)).toEqual(["CouponUsed", "CouponUsed", "CouponReleased", "CouponReleased"]);
    // What the order has given back is not held for it again, by nobody's request.
    expect(await replica.hold("TEN", { holdKey })).toMatchObject(refusedFor("placed already"));
    heldFor(await replica.hold("TEN"));
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("gives back what was never held, and nothing can be held for that order any more", async () => {
    await bench.add(couponOf());
    const replica = await bench.replica();
    const orderId = ids.next();
    await replica.command("ReleaseCoupon", orderId, 1);
    await until("it is told", () => replica.events(orderId).length === 1);
    expect(replica.events(orderId)).toEqual(["CouponReleased"]);
    expect(await replica.hold("TEN", { orderId })).toMatchObject(refusedFor("placed already"));
    expect([await bench.status(orderId), await bench.uses("TEN")]).toEqual(["RELEASED", 0]);
  });

  test("cannot use what is not held: that is a bug, and parked", async () => {
    const replica = await bench.replica();
    await replica.command("UseCoupon", ids.next(), 1);
    expect(await bench.count("dead_letter")).toBe(1);
  });
});

describe("a hold without an order", () => {
  test("is released when order says that it knows none, not a moment earlier", async () => {
    await bench.add(couponOf({ totalLimit: 1 }));
    const one = await bench.replica();
    const orderId = heldFor(await one.hold("TEN"));
    bench.passTime(ORPHAN_AFTER_MS - 60_000);
    const later = ids.next();
    expect(await one.hold("TEN", { orderId: later })).toMatchObject(refusedFor("used up"));
    expect(bench.asked(orderId)).toBe(0);
    bench.passTime(60_000);
    await until("it is released", async () => (await bench.status(orderId)) === "RELEASED");
    expect([bench.asked(orderId), await bench.uses("TEN"), await bench.count("timer")]).toEqual([1, 0, 0]);
    heldFor(await one.hold("TEN"));
  });

  test("is taken again by its repetition where limits allow, under the same order id", async () => {
    await bench.add(couponOf({ totalLimit: 1 }));
    const [one, other] = await two();
    const holdKey = ids.next();
    const orderId = heldFor(await one.hold("TEN", { holdKey }));
    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is released", async () => (await bench.status(orderId)) === "RELEASED");
    expect(heldFor(await other.hold("TEN", { holdKey }))).toBe(orderId);
    expect([await bench.status(orderId), await bench.uses("TEN")]).toEqual(["HELD", 1]);

    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is released again", async () => (await bench.status(orderId)) === "RELEASED");
    heldFor(await one.hold("TEN"));
    expect(await other.hold("TEN", { holdKey })).toMatchObject(refusedFor("used up"));
  });

  test("is taken again once by repetitions at the same moment, and all of them have it", async () => {
    await bench.add(couponOf({ totalLimit: 1 }));
    const [one, other] = await two();
    const holdKey = ids.next();
    const orderId = heldFor(await one.hold("TEN", { holdKey }));
    for (let round = 0; round < 5; round++) {
      bench.passTime(ORPHAN_AFTER_MS);
      await until("it is released", async () => (await bench.status(orderId)) === "RELEASED");
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) => (n % 2 ? one : other).hold("TEN", { holdKey })),
      );
      expect(answers.map(heldFor)).toEqual(Array(12).fill(orderId));
      expect(await bench.uses("TEN")).toBe(1);
    }
  });

  test("whose order comes after all has its use again where limits allow; else the message is parked", async () => {
    await bench.add(couponOf({ totalLimit: 1 }));
    const one = await bench.replica();
    const [late, later] = [heldFor(await one.hold("TEN")), ids.next()];
    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is released", async () => (await bench.status(late)) === "RELEASED");
    await one.command("UseCoupon", late, 1);
    expect([await bench.status(late), await bench.uses("TEN")]).toEqual(["USED", 1]);

    await one.command("ReleaseCoupon", late, 2);
    heldFor(await one.hold("TEN", { orderId: later }));
    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is released", async () => (await bench.status(later)) === "RELEASED");
    heldFor(await one.hold("TEN"));
    await one.command("UseCoupon", later, 1);
    expect([await bench.status(later), await bench.uses("TEN"), await bench.count("dead_letter")]).toEqual([
      "RELEASED",
      1,
      1,
    ]);
  });

  test("stays as it is where order knows the order", async () => {
    await bench.add(couponOf());
    const one = await bench.replica();
    const orderId = heldFor(await one.hold("TEN"));
    bench.known.add(orderId);
    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is asked", () => bench.asked(orderId) === 1);
    await until("the answer is taken", async () => (await bench.count("call_intent")) === 0);
    expect([await bench.status(orderId), await bench.uses("TEN"), await bench.count("timer")]).toEqual(["HELD", 1, 0]);
    await one.command("UseCoupon", orderId, 1);
    expect(await bench.status(orderId)).toBe("USED");
  });

  test("is asked about again until there is an answer", async () => {
    await bench.add(couponOf());
    const one = await bench.replica();
    const orderId = heldFor(await one.hold("TEN"));
    bench.unanswered = 2;
    bench.passTime(ORPHAN_AFTER_MS);
    for (let question = 1; question <= 2; question++) {
      await until("it is asked", () => bench.asked(orderId) === question);
      await until("no answer is taken for one", async () => (await bench.count("call_intent")) === 0);
      expect([await bench.status(orderId), await bench.count("timer")]).toEqual(["HELD", 1]);
      bench.passTime(5_000);
    }
    await until("it is released", async () => (await bench.status(orderId)) === "RELEASED");
    expect(bench.asked(orderId)).toBe(3);
  });

  test("that was renewed while order was asked is not released by the old answer", async () => {
    await bench.add(couponOf({ totalLimit: 1 }));
    const [one, other] = await two();
    const holdKey = ids.next();
    const orderId = heldFor(await one.hold("TEN", { holdKey }));
    const renewed = Promise.withResolvers<void>();
    bench.beforeAnswer = () => renewed.promise;
    bench.passTime(ORPHAN_AFTER_MS);
    await until("order is asked", () => bench.asked(orderId) > 0);
    expect(heldFor(await other.hold("TEN", { holdKey }))).toBe(orderId);
    renewed.resolve();
    await until("the answer is taken", async () => (await bench.count("call_intent")) === 0);
    expect([await bench.status(orderId), await bench.uses("TEN"), await bench.count("timer")]).toEqual(["HELD", 1, 1]);
    // It is asked again when as much time has passed since the renewal.
    bench.passTime(ORPHAN_AFTER_MS);
    await until("it is released", async () => (await bench.status(orderId)) === "RELEASED");
  });
});
