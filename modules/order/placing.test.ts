/** Placing with its ports under the test's control: what no journey can make happen at a given moment. */

import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { systemClock } from "../../runtime/clock.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import { problemIn } from "../../runtime/http/http.fixture.ts";
import { type Reply, toResponse } from "../../runtime/http/reply.ts";
import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import { createChanges } from "../../runtime/messages/changes.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { seededRandom } from "../../runtime/random.ts";
import { type RpcClient, RpcUnavailable } from "../../runtime/rpc/port.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";
import { until } from "../../runtime/until.fixture.ts";
import { type NewOrder, newOrderExample } from "./api.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order } from "./order.ts";
import { placeOrder } from "./place-order.ts";
import { type PlacingDeps, place } from "./placing.ts";

const away = () => Promise.reject(new DatabaseError("unavailable", "", "the database is away"));
const { currency, items, subtotal, discount, shipping, tax, total } = newOrder;
const priced = { kind: "priced", currency, items, subtotal, discount, shipping, tax, total };
const gone = {
  kind: "refused",
  errors: [{ field: "/items/0/sku", code: "unknown_item", message: "there is no product SKU-001" }],
};

const SCOPE = "0192aaaa-0000-8000-8000-000000000001";

/** The module around `place`: one table of requests and orders, and a pricing that answers as it is told. */
function openModule(change: Partial<PlacingDeps> = {}) {
  const orders = new Map<string, Stored<Order>>();
  const requests = new Map<string, { readonly bodyHash: string; readonly reference: string }>();
  const ids = createIds(systemClock, seededRandom(1));
  const prices: (() => Promise<unknown>)[] = [];
  const expiries: number[] = [];
  const holds: unknown[] = [];
  /** How many orders there were each time that one was said to be placed. */
  const begun: number[] = [];
  const rpc: RpcClient = {
    async call(method, request) {
      if (method.name === "holdCoupon") holds.push(request);
      return method.response.parse(await (prices.shift() ?? (async () => priced))());
    },
  };
  const earlier: PlacingDeps["earlier"] = async ({ scope, bodyHash }): Promise<EarlierRequest | undefined> => {
    const found = requests.get(scope);
    if (!found) return undefined;
    return found.bodyHash === bodyHash
      ? { kind: "replayed", status: 201, reference: found.reference }
      : { kind: "keyReused" };
  };
  const deps: PlacingDeps = {
    lane: {
      async execute(command, key, input, { idempotency, expiresMs }) {
        expiries.push(expiresMs);
        const before = idempotency && (await earlier(idempotency));
        if (before) return before;
        const context = { key, now: systemClock.now(), ids, shared: new Map<string, never>() };
        const { state, answer } = command.decide(undefined, input, context);
        if (state) orders.set(key, { key, state, version: 1, positions: { in: {}, out: {} } });
        if (idempotency) requests.set(idempotency.scope, idempotency);
        return { kind: "decided", answer };
      },
    },
    changes: createChanges({ scheduler: systemScheduler, readNewer: away, report: () => undefined }),
    rpc,
    clock: systemClock,
    ids,
    deadlines: { ...sameDeadlines(1_000), couponHoldMs: 60_000 },
    twins: createTwinRequests(),
    earlier,
    find: async (id) => orders.get(id),
    ...change,
  };
  const leaving = new AbortController();
  const send = (bodyHash = "body", waitMs = 0, order: Partial<NewOrder> = {}) =>
    place(deps, {
      customerId: "alice",
      order: { ...newOrderExample, ...order },
      claim: { scope: SCOPE, bodyHash },
      traceparent: null,
      waitMs,
      signal: leaving.signal,
      begun: () => void begun.push(orders.size),
    });
  return { orders, prices, holds, expiries, begun, send, leave: () => leaving.abort() };
}

const answered = z.looseObject({ id: z.string().optional(), type: z.string().optional() });
const bodyOf = async (response: Response) => answered.parse(await response.json());

const idOf = async (reply: Reply) => {
  const response = toResponse(reply);
  const { id } = await bodyOf(response);
  expect([response.status, response.headers.get("location")]).toEqual([201, `/api/v1/orders/${id}`]);
  return id ?? "";
};
const problemOf = async (reply: Promise<Reply>) => {
  const problem = await problemIn(reply);
  return [problem?.status, problem?.type];
};

describe("a repeated request whose basket could not be priced any more", () => {
  test.each([
    ["the product is gone", async () => gone],
    ["pricing is away", () => Promise.reject(new RpcUnavailable("away"))],
  ])("gets the first order: %s", async (_what, price) => {
    const { orders, prices, send } = openModule();
    const first = await idOf(await send());
    prices.push(price);
    expect(await idOf(await send())).toBe(first);
    expect(orders.size).toBe(1);
  });

  test("with another body is told that the key was used, not that the basket is wrong", async () => {
    const { prices, send } = openModule();
    await send();
    prices.push(async () => gone);
    const response = toResponse(await send("another body"));
    expect([response.status, (await bodyOf(response)).type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });

  test("while the first is still on its way waits for it, and gets its order", async () => {
    const { orders, prices, send } = openModule();
    const slow = Promise.withResolvers<unknown>();
    prices.push(
      () => slow.promise,
      async () => gone,
    );
    const first = send();
    const second = send();
    await Bun.sleep(5);
    expect(orders.size).toBe(0);
    slow.resolve(priced);
    expect(await idOf(await second)).toBe(await idOf(await first));
    expect(orders.size).toBe(1);
  });

  test("is refused when no twin placed anything, however many are refused at once", async () => {
    const { orders, prices, send } = openModule();
    for (let n = 0; n < 5; n++) prices.push(async () => gone);
    const answers = await Promise.all(Array.from({ length: 5 }, () => problemOf(send())));
    expect(answers).toEqual(Array(5).fill([422, "/problems/not-for-sale"]));
    expect(orders.size).toBe(0);
    await idOf(await send());
  });

  test("is not refused while nobody can tell what its key has done", async () => {
    const { prices, send } = openModule({ earlier: away });
    prices.push(async () => gone);
    expect(send()).rejects.toMatchObject({ kind: "unavailable" });
  });
});

describe("an order that is placed", () => {
  test("is said to be as soon as it is there, and one that is refused never", async () => {
    const { begun, prices, send } = openModule();
    prices.push(async () => gone);
    await expect(send("other")).rejects.toThrow();
    expect(begun).toEqual([]);
    await send();
    expect(begun).toEqual([1]);
  });

  test("is answered as it stands, at once, where too many wait already", async () => {
    const { expiries, send } = openModule({
      changes: createChanges({ scheduler: systemScheduler, readNewer: away, report: () => undefined, mostWaits: 0 }),
    });
    const reply = toResponse(await send("body", 1_000_000));
    expect([reply.status, expiries.length]).toEqual([201, 1]);
  });

  test("is waited for no longer than its client is there", async () => {
    const { orders, send, leave } = openModule();
    const reply = send("body", 1_000_000);
    await until("it is placed", () => orders.size === 1);
    leave();
    expect(toResponse(await reply).status).toBe(201);
    // As is one that has gone before.
    expect(toResponse(await send("body", 1_000_000)).status).toBe(201);
  });

  test("is answered as it stands when the database goes away while its decision is waited for", async () => {
    const { orders, send } = openModule();
    const id = await idOf(await send("body", 300));
    expect(orders.get(id)?.state.status).toBe("PENDING");
  });
});

describe("an order that names a quote", () => {
  const quoteId = "0192aaaa-0000-7000-8000-00000000000a";

  test("is placed at the price that was quoted", async () => {
    const { orders, prices, send } = openModule();
    prices.push(async () => ({ ...priced, quoteId }));
    const id = await idOf(await send("body", 0, { quoteId }));
    expect(orders.get(id)?.state.total).toBe(total);
  });

  test.each([{}, { couponCode: "TEN" }])("is sent again where pricing names none, %o", async (coupon) => {
    const { orders, prices, send } = openModule();
    prices.push(async () => ({ ...priced, orderId: "0192aaaa-0000-7000-8000-00000000000f" }));
    expect(await problemOf(send("body", 0, { quoteId, ...coupon }))).toEqual([503, "/problems/overloaded"]);
    expect(orders.size).toBe(0);
  });
});

describe("an order with a coupon", () => {
  const discounted = { ...priced, discount: 0, orderId: "0192aaaa-0000-7000-8000-00000000000f" };
  const couponCode = "TEN";
  const noCoupon = {
    kind: "refused",
    errors: [{ field: "/couponCode", code: "coupon_not_valid", message: "TEN has been used up" }],
  };

  test("is held for its request and placed under the id that the hold names", async () => {
    const { orders, prices, holds, send } = openModule();
    prices.push(async () => discounted);
    expect(await idOf(await send("body", 0, { couponCode }))).toBe(discounted.orderId);
    expect(holds).toEqual([
      {
        currency: "USD",
        country: "US",
        items: newOrderExample.items,
        couponCode,
        customerId: "alice",
        holdKey: SCOPE,
        orderId: expect.any(String),
      },
    ]);
    expect(orders.get(discounted.orderId)?.state.couponCode).toBe(couponCode);
  });

  test("is refused with the coupon's own reason, and tried again with the same key", async () => {
    const { orders, prices, send } = openModule();
    prices.push(async () => noCoupon);
    const error = await send("body", 0, { couponCode }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      problem: {
        status: 422,
        type: "/problems/coupon-not-valid",
        errors: [{ field: "body.couponCode", message: "TEN has been used up" }],
      },
    });
    expect(orders.size).toBe(0);
    prices.push(async () => discounted);
    expect(await idOf(await send("body", 0, { couponCode }))).toBe(discounted.orderId);
  });

  test("that was placed is found by its repetition, whatever the coupon says by now", async () => {
    const { prices, send } = openModule();
    prices.push(
      async () => discounted,
      async () => noCoupon,
    );
    const first = await idOf(await send("body", 0, { couponCode }));
    expect(await idOf(await send("body", 0, { couponCode }))).toBe(first);
  });

  test("is left as it is where it is there already, under the id that its hold names", () => {
    const placed: Order = { ...newOrder, status: "CONFIRMED", historyLength: 4 };
    const context = { key: placed.id, now: 9_000, ids: { next: () => "unused" }, shared: new Map<string, never>() };
    expect(placeOrder(sameDeadlines(1_000)).decide(placed, newOrder, context)).toEqual({
      state: placed,
      answer: placed,
    });
  });

  test("is not placed without an answer: the client sends it again", async () => {
    const { orders, prices, send } = openModule();
    prices.push(() => Promise.reject(new RpcUnavailable("away")));
    expect(await problemOf(send("body", 0, { couponCode }))).toEqual([503, "/problems/unavailable"]);
    expect(orders.size).toBe(0);
  });

  test("is not placed when its hold may be over, counted from before it was asked for", async () => {
    let now = 1_000_000;
    const { orders, prices, expiries, send } = openModule({
      clock: { now: () => now },
      deadlines: { ...sameDeadlines(1_000), couponHoldMs: 8_000 },
    });
    const after = (ms: number) => async () => {
      now += ms;
      return discounted;
    };
    prices.push(after(8_000), after(7_999));
    expect(await problemOf(send("body", 0, { couponCode }))).toEqual([503, "/problems/overloaded"]);
    expect([orders.size, expiries]).toEqual([0, []]);
    const askedMs = now;
    await send("body", 0, { couponCode });
    expect(expiries).toEqual([askedMs + 8_000]);
  });
});
