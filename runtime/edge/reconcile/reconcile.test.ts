/** Reading side by side and looking again, over modules that are made up here. The judgements meet real ones in tests/journeys. */
import { expect, test } from "bun:test";
import type { CoreFacts, FactsRequest } from "../../messages/facts-contract.ts";
import { DEFAULT_RETENTION } from "../../messages/retention.ts";
import { type RpcClient, type RpcMethod, RpcUnavailable } from "../../rpc/port.ts";
import type { Scheduler } from "../../scheduler.ts";
import { reconcile } from "./reconcile.ts";

const NOW = Date.UTC(2026, 0, 1);
const COMMANDS = "genai-demo.delivery.commands.v1";
const EVENTS = "genai-demo.delivery.events.v1";
const SUBSCRIBES: Readonly<Record<string, readonly string[]>> = { delivery: [COMMANDS], order: [EVENTS] };

interface Books {
  readonly [module: string]: Map<string, Partial<CoreFacts> & { readonly aggregate: unknown }>;
}

const line = { sku: "A", quantity: 1, subtotal: 5, discount: 0, tax: 0, total: 5 };
const order = {
  status: "FULFILLING",
  outcome: "sold",
  rests: true,
  waits: null,
  placedMs: NOW - 1000,
  settledByHand: false,
  couponCode: null,
  currency: "USD",
  lines: [line],
  subtotal: 5,
  discount: 0,
  shipping: 0,
  tax: 0,
  total: 5,
  history: { length: 2, entries: 2, lastSequence: 2, lastStatus: "FULFILLING" },
};
const shipment = { status: "SCHEDULED", awaitsHandOver: false, lines: [{ sku: "A", quantity: 1 }] };
const payment = {
  status: "AUTHORISED",
  currency: "USD",
  amount: 5,
  authorised: 5,
  captured: 0,
  refunded: 0,
  manuallyRefunded: 0,
};

/** Orders that stand as they should. */
function booksOf(keys: readonly string[]): Books {
  const all = (facts: Partial<CoreFacts> & { readonly aggregate: unknown }) =>
    new Map(keys.map((key) => [key, { version: 1, ...facts }]));
  return {
    order: all({ out: { [COMMANDS]: 1 }, aggregate: order }),
    payment: all({ aggregate: { ...payment, working: false, charges: [{ key: "k", amount: 5, currency: "USD" }] } }),
    inventory: all({ aggregate: { status: "FIRM", allocations: [{ sku: "A", warehouse: "main", quantity: 1 }] } }),
    delivery: all({ in: { [COMMANDS]: 1 }, aggregate: shipment }),
    notification: all({ aggregate: { notices: [{ kind: "order_confirmed", channel: "email" }] } }),
  };
}

interface Asked {
  readonly module: string;
  readonly name: string;
  readonly request: FactsRequest;
}

/** Answers as modules do; `before` may change the books before each answer. */
function modules(books: Books, before: (asked: Asked) => void = () => undefined, travelling: readonly string[] = []) {
  const asked: Asked[] = [];
  const facts = (module: string, { after, keys, limit }: FactsRequest) => {
    const rows = books[module] ?? new Map();
    const wanted = keys ?? [...rows.keys()].sort().filter((key) => after === null || key > after);
    const page = keys ?? wanted.slice(0, limit);
    const empty = { version: 0, in: {}, out: {}, outbox: [], timers: [], calls: [], letters: [], aggregate: null };
    return {
      subscribes: SUBSCRIBES[module] ?? [],
      travelling: module === "delivery" ? [...travelling] : [],
      items: page.map((key) => ({ ...empty, key, ...rows.get(key) })),
      complete: keys !== null || page.length < limit,
    };
  };
  const rpc: RpcClient = {
    async call<Request, Response>(method: RpcMethod<Request, Response>, given: Request): Promise<Response> {
      const { module, name } = method;
      const request = given as FactsRequest; // of the other two methods nothing is read
      asked.push({ module, name, request });
      before({ module, name, request });
      if (name === "lostOrders") return method.response.parse({ orderIds: [], lastScope: null });
      if (name === "couponUseFacts") return method.response.parse({ wrong: [], lastCode: null });
      if (name === "stockFacts") return method.response.parse({ items: [], lastSku: null });
      return method.response.parse(facts(module, request));
    },
  };
  return { rpc, asked };
}

const scheduler: Scheduler = {
  after: () => () => undefined,
  sleep: async () => undefined,
  external: (_label, work) => work(),
};
const run = (rpc: RpcClient) => reconcile({ rpc, scheduler, clock: { now: () => NOW } });
const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${String(index).padStart(5, "0")}`);

test("joins pages that end at different keys, and leaves no key out", async () => {
  const books = booksOf(keys(1234));
  // One module knows few of them, so that its page reaches much further than the others'.
  for (const key of keys(1234).slice(3)) books["delivery"]?.delete(key);
  const { rpc } = modules(books);
  const { checked, violations } = await run(rpc);
  expect(checked.orders).toBe(1234);
  // Each order without its shipment: there is none, and the message that asks for it waits nowhere.
  expect(checked.violations).toBe(2 * 1231);
  expect(violations).toHaveLength(1000);
});

test("a number that stands in no outbox is on its way while its topic is not settled, and else waits nowhere", async () => {
  const books = booksOf(["k"]);
  books["delivery"]?.delete("k");
  const waitingNowhere = async (travelling: readonly string[]) =>
    (await run(modules(books, undefined, travelling).rpc)).violations.filter(({ detail }) =>
      detail.includes(`of ${COMMANDS} waits nowhere`),
    ).length;
  expect([await waitingNowhere([COMMANDS]), await waitingNowhere([])]).toEqual([0, 1]);
});

test("keys that only one module knows are seen", async () => {
  const books = booksOf(["b"]);
  books["payment"]?.set("a", { version: 1, aggregate: { ...payment, working: false, charges: null } });
  books["notification"]?.set("c", { version: 1, aggregate: { notices: [] } });
  const { violations, checked } = await run(modules(books).rpc);
  expect(checked.orders).toBe(3);
  expect(violations.map(({ invariant, subject }) => `${invariant} ${subject}`)).toEqual([
    "orders order a",
    "orders order c",
  ]);
});

test("what moved between two modules is looked at again and is no violation", async () => {
  const books = booksOf(["a"]);
  const scheduled = books["delivery"]?.get("a");
  books["delivery"]?.delete("a");
  const { rpc } = modules(books, ({ request }) => {
    if (request.keys !== null && scheduled) books["delivery"]?.set("a", scheduled);
  });
  expect(await run(rpc)).toMatchObject({ ok: true, violations: [], checked: { orders: 1 } });
});

test("what keeps changing is in flight", async () => {
  const books = booksOf(["a"]);
  books["delivery"]?.delete("a");
  let version = 1;
  const { rpc, asked } = modules(books, ({ module }) => {
    if (module === "order") books["order"]?.set("a", { version: ++version, out: { [COMMANDS]: 1 }, aggregate: order });
  });
  expect((await run(rpc)).ok).toBe(true);
  // And it was looked at again and again.
  expect(
    asked.filter(({ module, name, request }) => module === "order" && name === "facts" && request.keys !== null),
  ).toHaveLength(4);
});

test("an order in flight, or parked, is judged for what nothing excuses", async () => {
  const books = booksOf(["flying", "parked"]);
  const topic = { topic: COMMANDS, sequence: 2, misplaced: false };
  books["order"]?.set("flying", {
    version: 1,
    out: { [COMMANDS]: 2 },
    outbox: [topic],
    aggregate: { ...order, status: "CONFIRMED", rests: false, history: { ...order.history, lastStatus: "CONFIRMED" } },
  });
  books["order"]?.set("parked", {
    version: 1,
    out: { [COMMANDS]: 2 },
    aggregate: { ...order, status: "CONFIRMED", rests: false, history: { ...order.history, lastStatus: "CONFIRMED" } },
  });
  const letters = [{ source: COMMANDS, sequence: 2, reason: "threw" }];
  books["delivery"]?.set("parked", { version: 1, in: { [COMMANDS]: 1 }, letters, aggregate: null });
  const charges = [1, 2].map((attempt) => ({ key: `flying:auth:${attempt}`, amount: 5, currency: "USD" }));
  books["payment"]?.set("flying", { version: 1, aggregate: { ...payment, working: false, charges } });
  const { checked, violations } = await run(modules(books).rpc);
  expect(checked).toMatchObject({ orders: 2, inFlight: 1, parked: 1 });
  expect(violations).toEqual([
    { invariant: "money", subject: "order flying", detail: expect.stringContaining("flying:auth:1, flying:auth:2") },
  ]);
});

test("a module that keeps nothing of an old order may have forgotten what it handled", async () => {
  const undone = { status: "REJECTED", outcome: "undone", history: { ...order.history, lastStatus: "REJECTED" } };
  const unhandled = async (placedMs: number, delivery: (Partial<CoreFacts> & { aggregate: unknown }) | null = null) => {
    const books = booksOf(["k"]);
    for (const module of ["payment", "inventory", "delivery"]) books[module]?.delete("k");
    books["order"]?.set("k", { version: 1, out: { [COMMANDS]: 2 }, aggregate: { ...order, ...undone, placedMs } });
    if (delivery) books["delivery"]?.set("k", delivery);
    return (await run(modules(books).rpc)).violations.map(({ invariant }) => invariant);
  };
  const old = NOW - DEFAULT_RETENTION.marksKeptForMs - 1;
  expect(await unhandled(old + 1)).toEqual(["sequence", "sequence"]);
  expect(await unhandled(old)).toEqual([]);
  // Where something is known of it, nothing was forgotten.
  expect(await unhandled(old, { in: { [COMMANDS]: 1 }, aggregate: null })).toEqual(["sequence"]);
  const cancelled = { ...shipment, status: "CANCELLED" };
  expect(await unhandled(old, { version: 1, aggregate: cancelled })).toEqual(["sequence", "sequence"]);
});

test("a dispatch that the order has not heard of is named when it can hear of it no more", async () => {
  const books = booksOf(["discarded", "told", "parked"]);
  const asked = {
    version: 2,
    in: { [COMMANDS]: 1 },
    out: { [EVENTS]: 2 },
    aggregate: { ...shipment, awaitsHandOver: true },
  };
  const hears = (key: string, last: number, letters: CoreFacts["letters"] = []) =>
    books["order"]?.set(key, { version: 1, in: { [EVENTS]: last }, out: { [COMMANDS]: 1 }, letters, aggregate: order });
  for (const key of ["discarded", "told", "parked"]) books["delivery"]?.set(key, asked);
  hears("discarded", 2);
  hears("told", 1);
  hears("parked", 1, [{ source: EVENTS, sequence: 2, reason: "threw" }]);
  books["delivery"]?.set("told", { ...asked, outbox: [{ topic: EVENTS, sequence: 2, misplaced: false }] });
  const { checked, violations } = await run(modules(books).rpc);
  expect(checked).toMatchObject({ orders: 3, inFlight: 1, parked: 1 });
  expect(violations).toEqual([
    { invariant: "orders", subject: "order discarded", detail: expect.stringContaining("dispatch it once more") },
  ]);
});

test("a letter that its message has outrun, or that a release has not come to, is none of reconcile's business", async () => {
  const books = booksOf(["outrun", "left", "lost"]);
  const scheduled = books["delivery"]?.get("left")?.aggregate;
  for (const key of ["left", "lost"])
    books["order"]?.set(key, { version: 1, out: { [COMMANDS]: 3 }, aggregate: order });
  const letter = (sequence: number, reason: string) => ({ source: COMMANDS, sequence, reason });
  const put = (key: string, mark: number, letters: ReturnType<typeof letter>[]) =>
    books["delivery"]?.set(key, { version: 1, in: { [COMMANDS]: mark }, letters, aggregate: scheduled });
  put("outrun", 1, [letter(1, "threw")]);
  put("left", 1, [letter(2, "behind"), letter(3, "behind")]);
  put("lost", 1, [letter(3, "behind")]);
  const { checked, violations } = await run(modules(books).rpc);
  // What has been outrun holds nothing up, so its order is judged like any other.
  expect(checked).toMatchObject({ orders: 3, parked: 2 });
  expect(violations.map(({ invariant, subject }) => `${invariant} ${subject}`)).toEqual([
    "sequence order lost",
    "agreement order lost",
  ]);
});

test("a timer counts as missed a minute after its time", async () => {
  const books = booksOf(["late", "soon"]);
  const withTimer = (key: string, dueMs: number) =>
    books["order"]?.set(key, {
      version: 1,
      out: { [COMMANDS]: 1 },
      timers: [{ kind: "ring", dueMs, misplaced: false }],
      aggregate: order,
    });
  withTimer("late", NOW - 61_000);
  withTimer("soon", NOW - 59_000);
  expect((await run(modules(books).rpc)).violations).toEqual([
    { invariant: "orders", subject: "order late", detail: "the timer ring of order is 61 s late" },
  ]);
});

test("a module that does not answer fails the whole", async () => {
  const { rpc } = modules(booksOf(["a"]), ({ module }) => {
    if (module === "inventory") throw new RpcUnavailable("inventory.facts gave no answer");
  });
  await expect(run(rpc)).rejects.toThrow("inventory.facts gave no answer");
});
