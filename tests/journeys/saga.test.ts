/** Each row and each refusal of the order saga, beyond what places an order: order.test.ts. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Answer, basketOf, type Client, eventually, type Order, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const SKU = "SKU-010";

let platform: TestPlatform;
let alice: Client;
let operator: Client;
/** Delivered before all else, so that its return window is over when that is looked at. */
let delivered: Order;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
  const before = await alice.stock(SKU);
  delivered = await fulfilled();
  await deliver(delivered);
  await alice.until(delivered.id, "DELIVERED");
  await stockOnceAt({ onHand: before.onHand - 2, reserved: before.reserved });
});

async function fulfilled(token = "tok_visa"): Promise<Order> {
  const order = await alice.place(basketOf(SKU, 2, token), { wait: 10 });
  return alice.until(order.id, "FULFILLING");
}

async function step(order: Order, name: "dispatch" | "deliver" | "fail") {
  const [delivery] = await alice.deliveries(order.id);
  const answer = await operator.ask(`deliveries/${delivery?.id}/${name}`);
  expect([200, 202]).toContain(answer.status);
}
async function deliver(order: Order) {
  await step(order, "dispatch");
  await step(order, "deliver");
}

const cancel = (client: Client, { id }: Order) => client.ask(`orders/${id}/cancel`);
const resolve = ({ id }: Order, action: string) =>
  operator.ask(`orders/${id}/resolve`, { action, reason: "looked at" });
const statusIn = ({ status, text }: Answer) => [status, JSON.parse(text).status];
const typesOf = async ({ id }: Order) => (await alice.history(id)).map(({ type }) => type);
const paymentOf = async ({ id }: Order) => (await alice.payments(id))[0];
const deliveryOf = async ({ id }: Order) => (await alice.deliveries(id))[0];
const kindsOf = async ({ id }: Order) => (await alice.notifications(id)).map(({ kind }) => kind);
const noticed = (order: Order, kind: string) =>
  eventually(
    () => kindsOf(order),
    (kinds) => kinds.includes(kind),
  );
const usd = (amount: number) => ({ amount, currency: "USD" });

/** Stock as it stands while nothing else moves it. */
const stockOnceAt = (wanted: { readonly onHand: number; readonly reserved: number }) =>
  eventually(
    () => alice.stock(SKU),
    ({ onHand, reserved }) => onHand === wanted.onHand && reserved === wanted.reserved,
  );

describe("dispatch", () => {
  test("is captured, handed over and told; the stock leaves with the parcel", async () => {
    const before = await alice.stock(SKU);
    const order = await fulfilled();
    expect((await paymentOf(order))?.status).toBe("AUTHORISED");
    await step(order, "dispatch");
    await alice.until(order.id, "SHIPPED");
    expect(await paymentOf(order)).toMatchObject({ status: "CAPTURED", captured: order.total });
    const left = { onHand: before.onHand - 2, reserved: before.reserved };
    expect(await stockOnceAt(left)).toMatchObject(left);
    expect(await noticed(order, "order_shipped")).toEqual(["order_confirmed", "order_shipped"]);

    const late = problemOf(await cancel(alice, order));
    expect([late.status, late.detail]).toEqual([409, expect.stringContaining("SHIPPED")]);
    const early = problemOf(await alice.ask(`orders/${order.id}/returns`, { reason: "changed my mind" }));
    expect([early.status, early.detail]).toEqual([409, expect.stringContaining("only a delivered order")]);
  });

  test("a parcel that fails three times comes back, is restocked and refunded", async () => {
    const before = await alice.stock(SKU);
    const order = await fulfilled();
    await step(order, "dispatch");
    for (const _attempt of [1, 2, 3]) await step(order, "fail");
    await alice.until(order.id, "RETURNED");
    expect(await paymentOf(order)).toMatchObject({ status: "REFUNDED", captured: order.total, refunded: order.total });
    expect((await deliveryOf(order))?.status).toBe("RETURNED");
    expect(await stockOnceAt(before)).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
    expect(await noticed(order, "order_returned")).toContain("order_returned");
    const types = await typesOf(order);
    expect(types.filter((type) => type === "DeliveryFailed")).toHaveLength(3);
  });
});

describe("return", () => {
  test("a delivered order is restocked and refunded; asked again nothing happens", async () => {
    const before = await alice.stock(SKU);
    const order = await fulfilled();
    await deliver(order);
    await alice.until(order.id, "DELIVERED");
    const back = (key: string) => alice.ask(`orders/${order.id}/returns`, { reason: "too small" }, key);
    expect(statusIn(await back("return-once"))).toEqual([202, expect.stringMatching(/^RETURN/)]);
    await alice.until(order.id, "RETURNED");
    expect(statusIn(await back("return-once"))).toEqual([202, "RETURNED"]);
    expect(statusIn(await back("return-twice"))).toEqual([202, "RETURNED"]);
    expect((await paymentOf(order))?.refunded).toEqual(order.total);
    expect(await stockOnceAt(before)).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
    expect((await typesOf(order)).filter((type) => type === "ReturnAccepted")).toHaveLength(1);
  });
});

describe("cancel", () => {
  test("before the dispatch everything is undone, the last first", async () => {
    const before = await alice.stock(SKU);
    const order = await fulfilled();
    expect(statusIn(await cancel(alice, order))).toEqual([202, expect.stringMatching(/^CANCEL/)]);
    const ended = await alice.until(order.id, "CANCELLED");
    expect(ended.reason).toBe("cancelled_by_customer");
    expect(await paymentOf(order)).toMatchObject({ status: "VOIDED", captured: usd(0) });
    expect((await deliveryOf(order))?.status).toBe("CANCELLED");
    expect(await stockOnceAt(before)).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
    expect((await typesOf(order)).slice(5)).toEqual([
      "CancelRequested",
      "ShipmentCancelled",
      "PaymentVoided",
      "StockReleased",
      "OrderCancelled",
    ]);
    expect(await noticed(order, "order_cancelled")).toContain("order_cancelled");
    expect(statusIn(await cancel(alice, order))).toEqual([202, "CANCELLED"]);
  });

  test("of the version that If-Match names, and of no other; repeated, it is answered alike", async () => {
    const order = await fulfilled();
    const path = `/api/v1/orders/${order.id}`;
    const current = (await alice.send({ method: "GET", path })).headers.get("etag") ?? "";
    const cancelIf = (tag: string, key: string) =>
      alice.send({
        method: "POST",
        path: `${path}/cancel`,
        body: "{}",
        headers: { "content-type": "application/json", "if-match": tag, "idempotency-key": key },
      });
    expect(problemOf(await cancelIf('"0"', "stale")).status).toBe(412);
    expect((await alice.order(order.id)).status).toBe("FULFILLING");
    for (const _time of [1, 2]) expect((await cancelIf(current, "current")).status).toBe(202);
    expect(problemOf(await cancelIf(current, "late")).status).toBe(412);
    await alice.until(order.id, "CANCELLED");
  });

  test("while the payment waits for its customer", async () => {
    const order = await alice.place(basketOf(SKU, 1, "tok_requires_action"));
    await eventually(
      () => paymentOf(order),
      (payment) => payment?.status === "REQUIRES_ACTION",
    );
    expect(statusIn(await cancel(operator, order))[0]).toBe(202);
    expect((await alice.until(order.id, "CANCELLED")).reason).toBe("cancelled_by_operator");
    expect((await paymentOf(order))?.status).toBe("VOIDED");
  });

  test("right after the placement, wherever it meets the order", async () => {
    const before = await alice.stock(SKU);
    const orders = await Promise.all(Array.from({ length: 6 }, () => alice.place(basketOf(SKU, 1))));
    const answers = await Promise.all(orders.map((order) => cancel(alice, order)));
    expect(answers.map(({ status }) => status)).toEqual(orders.map(() => 202));
    for (const order of orders) await alice.until(order.id, "CANCELLED");
    for (const order of orders) expect(["VOIDED", undefined]).toContain((await paymentOf(order))?.status);
    expect(await stockOnceAt(before)).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
  });

  test("at the same time as the dispatch: one of the two wins, and money and parcel agree", async () => {
    const orders = await Promise.all(Array.from({ length: 6 }, () => fulfilled()));
    await Promise.all(
      orders.map(async (order, index) => {
        const [delivery] = await alice.deliveries(order.id);
        await operator.ask(`deliveries/${delivery?.id}/dispatch`);
        await Bun.sleep(index * 15);
        await cancel(alice, order);
      }),
    );
    for (const order of orders) {
      const ended = await eventually(
        () => alice.order(order.id),
        ({ status }) => status === "CANCELLED" || status === "SHIPPED",
      );
      const types = await typesOf(order);
      const payment = await paymentOf(order);
      if (ended.status === "SHIPPED") {
        expect(payment).toMatchObject({ status: "CAPTURED", refunded: usd(0) });
        expect(types.includes("cancel_refused")).toBe(types.includes("CancelRequested"));
      } else {
        expect(["VOIDED", "REFUNDED"]).toContain(payment?.status ?? "");
        expect((await deliveryOf(order))?.status).toBe("CANCELLED");
      }
    }
  });

  test("an order that was refused, or a stranger's, is not cancelled", async () => {
    const refused = await alice.place(basketOf("SKU-011", 1, "tok_declined"), { wait: 10 });
    expect(problemOf(await cancel(alice, refused)).status).toBe(409);
    const mallory = await platform.customer("mallory");
    expect(problemOf(await cancel(mallory, delivered)).status).toBe(404);
    expect((await cancel(platform.guest(), delivered)).status).toBe(401);
  });
});

describe("what needs attention", () => {
  test("a capture that is refused: the parcel stays, an operator tries again, then cancels", async () => {
    const before = await alice.stock(SKU);
    const order = await fulfilled("tok_capture_refused");
    await step(order, "dispatch");
    expect((await alice.until(order.id, "NEEDS_ATTENTION")).reason).toBe("capture_refused");
    expect((await deliveryOf(order))?.status).toBe("SCHEDULED");
    const stuck = (client: Client, more = "") =>
      client.send({ method: "GET", path: `/api/v1/ops/sagas?stuck=true${more}` });
    const listed = JSON.parse((await stuck(operator)).text);
    expect(listed.items).toContainEqual(
      expect.objectContaining({ orderId: order.id, status: "NEEDS_ATTENTION", reason: "capture_refused" }),
    );
    expect((await stuck(alice)).status).toBe(403);
    expect((await stuck(operator, "&cursor=none")).status).toBe(400);
    expect(JSON.parse((await stuck(operator, "&limit=1")).text).items).toHaveLength(1);

    expect((await alice.ask(`orders/${order.id}/resolve`, { action: "cancel", reason: "me" })).status).toBe(403);
    expect(problemOf(await resolve(order, "close")).status).toBe(409);
    expect((await resolve(order, "retry")).status).toBe(202);
    await alice.until(order.id, "NEEDS_ATTENTION");
    expect((await resolve(order, "cancel")).status).toBe(202);
    await alice.until(order.id, "CANCELLED");
    expect(await paymentOf(order)).toMatchObject({ status: "VOIDED", captured: usd(0) });
    expect(await stockOnceAt(before)).toMatchObject({ onHand: before.onHand, reserved: before.reserved });
    expect(problemOf(await resolve(order, "retry")).status).toBe(409);
  });
});

// Last, because its window ends while the others run.
test("the return window ends by itself, and then nothing can be returned", async () => {
  await alice.until(delivered.id, "COMPLETED", 30_000);
  const late = problemOf(await alice.ask(`orders/${delivered.id}/returns`, { reason: "too late" }));
  expect([late.status, late.detail]).toEqual([409, expect.stringContaining("is over")]);
  expect((await typesOf(delivered)).slice(5)).toEqual([
    "DispatchRequested",
    "PaymentCaptured",
    "ParcelHandedOver",
    "ParcelDelivered",
    "OrderCompleted",
  ]);
});

test("after all of it the books agree", async () => {
  const look = async () =>
    JSON.parse((await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" })).text).violations;
  expect(await look()).toEqual([]);
});
