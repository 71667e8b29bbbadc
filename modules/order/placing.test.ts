/** Placing with its ports under the test's control: what no journey can make happen at a given moment. */
import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { createChanges } from "../../runtime/changes.ts";
import { systemClock } from "../../runtime/clock.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import { type Reply, toResponse } from "../../runtime/http/reply.ts";
import { createTwinRequests } from "../../runtime/http/twin-requests.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { seededRandom } from "../../runtime/random.ts";
import { type RpcClient, RpcUnavailable } from "../../runtime/rpc/port.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";
import { newOrderExample } from "./api.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order } from "./order.ts";
import { type PlacingDeps, place } from "./placing.ts";

const away = () => Promise.reject(new DatabaseError("unavailable", "", "the database is away"));
const { currency, items, subtotal, discount, shipping, tax, total } = newOrder;
const priced = { kind: "priced", currency, items, subtotal, discount, shipping, tax, total };
const gone = {
  kind: "refused",
  errors: [{ field: "/items/0/sku", code: "unknown_item", message: "there is no product SKU-001" }],
};

/** The module around `place`: one table of requests and orders, and a pricing that answers as it is told. */
function openModule(change: Partial<PlacingDeps> = {}) {
  const orders = new Map<string, Stored<Order>>();
  const requests = new Map<string, { readonly bodyHash: string; readonly reference: string }>();
  const ids = createIds(systemClock, seededRandom(1));
  const prices: (() => Promise<unknown>)[] = [];
  const rpc: RpcClient = {
    call: async (method) => method.response.parse(await (prices.shift() ?? (async () => priced))()),
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
      async execute(command, key, input, { idempotency }) {
        const before = idempotency && (await earlier(idempotency));
        if (before) return before;
        const context = { key, now: systemClock.now(), ids, shared: new Map<string, never>() };
        const { state, answer } = command.decide(undefined, input, context);
        if (state) orders.set(key, { key, state, version: 1, positions: { in: {}, out: {} } });
        if (idempotency) requests.set(idempotency.scope, idempotency);
        return { kind: "decided", answer };
      },
    },
    changes: createChanges(systemScheduler),
    rpc,
    clock: systemClock,
    ids,
    placementDeadlineMs: 1_000,
    couponHoldMs: 60_000,
    twins: createTwinRequests(),
    earlier,
    find: async (id) => orders.get(id),
    ...change,
  };
  const send = (bodyHash = "body", waitMs = 0) =>
    place(deps, {
      customerId: "alice",
      order: newOrderExample,
      claim: { scope: "scope", bodyHash },
      traceparent: null,
      waitMs,
    });
  return { orders, prices, send };
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
  const error = await reply.then(
    (given) => given,
    (failure: unknown) => failure,
  );
  if (error instanceof ProblemError) return [error.problem.status, error.problem.type];
  throw error instanceof Error ? error : new Error(`it was answered: ${JSON.stringify(error)}`);
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
  test("is answered as it stands when the database goes away while its decision is waited for", async () => {
    const { orders, send } = openModule({ find: away });
    const id = await idOf(await send("body", 300));
    expect(orders.get(id)?.state.status).toBe("PENDING");
  });
});
