/**
 * Each order has one trace, from its customer's request through every module to the notification: the same spans under
 * the same parents in every shape of the platform, and nothing in them that is anybody's business.
 */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { basket, basketOf, type Client, eventually, type Order } from "./client.ts";
import type { OtlpRecorder, RecordedSpan } from "./otlp-recorder.ts";
import { sharedPlatform, sharedRecorder } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const ORDERS = 8;
const MANY = 40;
const EMAIL = "traced.person@example.com";

/** What a confirmed order does, by who did it for whom: parent → child, each with its module. Statements aside. */
const EDGES = [
  "→ order POST /api/v1/orders",
  "order POST /api/v1/orders → order ask pricing.priceBasket",
  "order ask pricing.priceBasket → pricing answer pricing.priceBasket",
  "order POST /api/v1/orders → order send ReserveStock",
  "order send ReserveStock → inventory handle ReserveStock",
  "inventory handle ReserveStock → inventory send StockReserved",
  "inventory send StockReserved → order handle StockReserved",
  "order handle StockReserved → order send AuthorisePayment",
  "order send AuthorisePayment → payment handle AuthorisePayment",
  "payment handle AuthorisePayment → payment call authorise",
  "payment handle AuthorisePayment → payment send PaymentAuthorised",
  "payment send PaymentAuthorised → order handle PaymentAuthorised",
  "order handle PaymentAuthorised → order send ConfirmStock",
  "order send ConfirmStock → inventory handle ConfirmStock",
  "order handle PaymentAuthorised → order send ScheduleShipment",
  "order send ScheduleShipment → delivery handle ScheduleShipment",
  "delivery handle ScheduleShipment → delivery send ShipmentScheduled",
  "delivery send ShipmentScheduled → order handle ShipmentScheduled",
  "order handle PaymentAuthorised → order send OrderConfirmed",
  "order send OrderConfirmed → notification handle OrderConfirmed",
  "notification handle OrderConfirmed → notification call send_email",
];
/** A call whose shard changes hands while it may be under way is not made blindly: the provider is asked about it first. */
const ASKED_FIRST = "payment handle AuthorisePayment → payment call inquire";
/** Who commits what came to it. */
const COMMITS = [
  "order POST /api/v1/orders",
  "inventory handle ReserveStock",
  "order handle StockReserved",
  "payment handle AuthorisePayment",
  "order handle PaymentAuthorised",
  "inventory handle ConfirmStock",
  "delivery handle ScheduleShipment",
  "order handle ShipmentScheduled",
  "notification handle OrderConfirmed",
];

let recorder: OtlpRecorder;
let alice: Client;
let operator: Client;
let orders: readonly Order[];

beforeAll(async () => {
  const platform = await sharedPlatform();
  recorder = sharedRecorder();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
  const wanted = basket({ items: [{ sku: "SKU-016", quantity: 1 }], email: EMAIL });
  orders = await Promise.all(Array.from({ length: ORDERS }, () => alice.place(wanted, { wait: 20 })));
  await Promise.all(orders.map(({ id }) => alice.until(id, "FULFILLING")));
});

const moduleOf = (span: RecordedSpan) => String(span.attributes["app.module"]);
const nameOf = (span: RecordedSpan) => `${moduleOf(span)} ${span.name}`;
const isStatement = (span: RecordedSpan) => "db.system" in span.attributes;
const ofOrder = ({ id }: Pick<Order, "id">) =>
  recorder.spans().filter(({ attributes }) => attributes["app.order.id"] === id);
const ofTrace = (traceId: string) => recorder.spans().filter((span) => span.traceId === traceId);

const jsonWith = (traceId: string, isTraced: boolean) => ({
  "content-type": "application/json",
  "idempotency-key": crypto.randomUUID(),
  traceparent: `00-${traceId}-b7ad6b7169203331-${isTraced ? "01" : "00"}`,
});

/** All spans of the trace that the order's POST began, once it is there as a whole. A message may come twice. */
function traceOf(order: Order): Promise<readonly RecordedSpan[]> {
  return eventually(
    async () => {
      const request = ofOrder(order).find(({ name }) => name === "POST /api/v1/orders");
      return request ? ofTrace(request.traceId) : [];
    },
    (spans) => EDGES.every((edge) => edgesOf(spans).has(edge)),
  );
}

function edgesOf(spans: readonly RecordedSpan[]): ReadonlySet<string> {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const edges = spans
    .filter((span) => !isStatement(span))
    .map((span) => {
      const parent = byId.get(span.parentSpanId);
      return `${parent ? `${nameOf(parent)} ` : span.parentSpanId === "" ? "" : "nobody "}→ ${nameOf(span)}`;
    });
  return new Set(edges);
}

test("every confirmed order has one connected trace with the same edges", async () => {
  for (const order of orders) {
    const spans = await traceOf(order);
    const found = [...edgesOf(spans)].filter((edge) => edge !== ASKED_FIRST);
    expect(found.sort()).toEqual(EDGES.toSorted());
    expect(spans.filter(({ parentSpanId }) => parentSpanId === "")).toHaveLength(1);
    expect(new Set(ofOrder(order).map(({ traceId }) => traceId)).size).toBe(1);
  }
});

test("what it waited for the databases is in it, under the message or request that it was done for", async () => {
  for (const order of orders) {
    const spans = await traceOf(order);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const statements = spans.filter(isStatement);
    const saves = statements
      .filter(({ name }) => name.endsWith(" save"))
      .flatMap(({ parentSpanId }) => {
        const parent = byId.get(parentSpanId);
        return parent ? [nameOf(parent)] : [];
      });
    expect([...new Set(saves)].sort()).toEqual(COMMITS.toSorted());
    for (const { attributes } of statements.filter((each) => each.attributes["db.system"] === "postgresql"))
      expect([attributes["peer.service"], attributes["db.name"]]).toEqual([
        `${attributes["app.module"]}-db`,
        attributes["app.module"],
      ]);
  }
});

test("spans carry what X-Ray's service map is drawn by", async () => {
  const [first] = orders;
  if (!first) throw new Error("no order was placed");
  for (const { kind, attributes, service, name } of await traceOf(first)) {
    if (kind === 2)
      expect([name, attributes["peer.service"], attributes["db.name"]]).toEqual([name, undefined, undefined]);
    if (kind === 5)
      expect([attributes["aws.span.kind"], attributes["aws.local.service"]]).toEqual(["LOCAL_ROOT", service]);
    if (kind === 4 || kind === 5) expect(attributes["aws.remote.service"]).toBe(attributes["messaging.system"]);
    if (kind === 3) expect(attributes["peer.service"]).toBeString();
    if (name.startsWith("call "))
      expect(attributes["peer.service"]).toBe(
        attributes["app.module"] === "payment" ? "payment-provider" : "notification-gateway",
      );
    if (attributes["db.system"] === "postgresql")
      expect(attributes["db.statement"]).toMatch(/^\s*(with|select|insert|update|delete)\b/);
  }
});

test("one statement for several orders is told of each, and the spans know of each other", async () => {
  const known = new Set(recorder.spans().map(({ spanId }) => spanId));
  const linked = recorder.spans().filter(({ links }) => links.length > 0);
  // They were placed at once, so some waited while the first was committed.
  expect(linked.length).toBeGreaterThan(0);
  for (const { links, attributes } of linked) {
    expect(attributes["db.system"]).toBeString();
    for (const { spanId } of links) expect(known.has(spanId)).toBe(true);
  }
});

test("many at once, some of them not traced: what is traced is told of its own order alone, and no more", async () => {
  const placed = await Promise.all(
    Array.from({ length: MANY }, async (_, n) => {
      const traceId = crypto.randomUUID().replaceAll("-", "");
      const isTraced = n % 2 === 0;
      // Some are refused, some are called off while they are under way.
      const headers = { ...jsonWith(traceId, isTraced), ...(n % 3 === 0 ? { prefer: "wait=5" } : {}) };
      const body = JSON.stringify(basketOf("SKU-016", 1, n % 5 === 0 ? "tok_declined" : "tok_visa"));
      const { status, text } = await alice.send({ method: "POST", path: "/api/v1/orders", headers, body });
      expect([status, text.slice(0, 200)]).toEqual([201, expect.any(String)]);
      const { id } = z.object({ id: z.string() }).parse(JSON.parse(text));
      if (n % 4 === 0) {
        const path = `/api/v1/orders/${id}/cancel`;
        await alice.send({ method: "POST", path, headers: jsonWith(traceId, isTraced), body: "{}" });
      }
      return { id, traceId, isTraced };
    }),
  );
  const isDecided = (span: RecordedSpan) => /^handle Order(Confirmed|Refused|Cancelled)/.test(span.name);
  for (const { traceId } of placed.filter(({ isTraced }) => isTraced)) {
    const spans = await eventually(
      async () => ofTrace(traceId),
      (found) => found.some(isDecided),
    );
    expect(spans.some(isDecided)).toBe(true);
  }
  for (const { id, traceId, isTraced } of placed) {
    const spans = ofTrace(traceId);
    expect([isTraced, spans.length > 0]).toEqual([isTraced, isTraced]);
    const others = spans.flatMap(({ attributes, name }) => {
      const about = attributes["app.order.id"];
      return about === undefined || about === id ? [] : [`${name} ${about}`];
    });
    expect(others).toEqual([]);
    expect(new Set(ofOrder({ id }).map((span) => span.traceId))).toEqual(new Set(isTraced ? [traceId] : []));
  }
});

test("an operator gets an order's trace as a tree", async () => {
  const node = z.object({
    name: z.string(),
    module: z.string(),
    durationMs: z.number(),
    children: z.array(z.unknown()),
  });
  const answer = z.object({
    kept: z.boolean(),
    traces: z.array(z.object({ traceId: z.string(), spanCount: z.int(), spans: z.array(node) })),
    problems: z.array(z.unknown()),
  });
  const [first] = orders;
  if (!first) throw new Error("no order was placed");
  const [{ traceId } = { traceId: "" }] = await traceOf(first);
  // Behind one address there may be several processes, of which whoever answers is asked.
  const found = await eventually(
    async () => {
      const { status, text } = await operator.send({ method: "GET", path: `/api/v1/ops/traces?orderId=${first.id}` });
      expect([status, text.slice(0, 300)]).toEqual([200, expect.any(String)]);
      return answer.parse(JSON.parse(text));
    },
    ({ traces }) => traces.some((each) => each.traceId === traceId && each.spanCount > 0),
  );
  expect([found.kept, found.problems]).toEqual([true, []]);
});

test("nothing that was sent is anybody's: no name, address, e-mail, token or customer", async () => {
  await Promise.all(orders.map(traceOf));
  // Of the bodies only the last are kept, of the spans all.
  const bodies = [...recorder.bodies("traces"), ...recorder.bodies("metrics")];
  const sent = [JSON.stringify(recorder.spans()), ...bodies].join("\n");
  expect(recorder.faults()).toEqual([]);
  for (const word of [EMAIL, "Alice Chen", "1 Main Street", '"98101"', "tok_visa", '"alice"', "eyJ"])
    expect([word, sent.includes(word)]).toEqual([word, false]);
});
