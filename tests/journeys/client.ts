/** A caller of the public API. Answers are checked against what the API promises, not against the product's schemas. */
import * as z from "zod";

const money = z.object({ amount: z.int().nonnegative(), currency: z.string().length(3) });
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

const order = z.object({
  id: z.uuid(),
  customerId: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  currency: z.string(),
  items: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPrice: money, total: money })),
  subtotal: money,
  discount: money,
  shipping: money,
  tax: money,
  total: money,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});
const entry = z.object({
  sequence: z.int(),
  type: z.string(),
  at: z.iso.datetime(),
  data: z.looseObject({ status: z.string() }),
});
const payment = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.string(),
  authorised: money,
  captured: money,
  refunded: money,
  detail: z.string().optional(),
  nextAction: z.object({ url: z.url() }).optional(),
});
const delivery = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.string(),
  address: z.looseObject({ name: z.string(), line1: z.string() }),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
});
const notification = z.object({ orderId: z.uuid(), kind: z.string(), channel: z.string(), status: z.string() });
const figures = { onHand: z.int(), reserved: z.int(), available: z.int() };
const stock = z.object({
  sku: z.string(),
  ...figures,
  warehouses: z.array(z.object({ warehouse: z.string(), ...figures })),
});
const problem = z.object({
  type: z.string().startsWith("/problems/"),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  errors: z.array(z.object({ field: z.string(), message: z.string().min(1) })).optional(),
});

export type Order = z.infer<typeof order>;
export type Problem = z.infer<typeof problem>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Send {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PlaceOptions {
  readonly key?: string;
  /** Seconds for `Prefer: wait=N`. */
  readonly wait?: number;
}

export type Client = ReturnType<typeof createClient>;

const REQUEST_TIMEOUT_MS = 40_000;
const POLL_MS = 50;

/** A valid order of one line; `change` replaces parts of it. */
export const basket = (change: Readonly<Record<string, unknown>> = {}) => ({
  currency: "USD",
  items: [{ sku: "SKU-001", quantity: 2 }],
  paymentMethod: { token: "tok_visa" },
  shippingAddress: {
    name: "Alice Chen",
    line1: "1 Main Street",
    city: "Seattle",
    region: "WA",
    postalCode: "98101",
    country: "US",
  },
  ...change,
});

/** A basket of one SKU, paid with a token. */
export const basketOf = (sku: string, quantity: number, token = "tok_visa") =>
  basket({ items: [{ sku, quantity }], paymentMethod: { token } });

/** The problem of an answer; throws when it is none, or not of the status that the answer has. */
export function problemOf(answer: Answer): Problem {
  const type = answer.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`${answer.status} with ${type}: ${answer.text}`);
  const parsed = problem.parse(JSON.parse(answer.text));
  if (parsed.status !== answer.status) throw new Error(`status ${answer.status} says ${parsed.status}`);
  return parsed;
}

/** Calls the API at `url`, with a token or without. */
export function createClient(url: string, token: string | null) {
  async function send({ method, path, headers, body }: Send): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
  async function read<T>(schema: z.ZodType<T>, path: string): Promise<T> {
    const answer = await send({ method: "GET", path });
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return schema.parse(JSON.parse(answer.text));
  }
  const list = <T extends z.ZodType>(item: T, path: string) => read(listOf(item), path).then(({ items }) => items);

  const post = (body: string, { key = crypto.randomUUID(), wait }: PlaceOptions = {}) =>
    send({
      method: "POST",
      path: "/api/v1/orders",
      body,
      headers: {
        "content-type": "application/json",
        "idempotency-key": key,
        ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
      },
    });
  const readOrder = (id: string) => read(order, `/api/v1/orders/${id}`);

  return {
    send,
    /** `POST /orders` with a body as text, whatever comes back. */
    post,
    /** Places an order; throws when it is not 201. */
    async place(body: unknown, options: PlaceOptions = {}): Promise<Order> {
      const answer = await post(JSON.stringify(body), options);
      if (answer.status !== 201) throw new Error(`POST /orders: ${answer.status} ${answer.text}`);
      return order.parse(JSON.parse(answer.text));
    },
    order: readOrder,
    /** The order once it stands at `status`; throws with its history when it does not come to that in time. */
    async until(id: string, status: string, timeoutMs = 15_000): Promise<Order> {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const present = await readOrder(id);
        if (present.status === status) return present;
        if (Date.now() > deadline) throw new Error(`order ${id} is ${present.status} ${present.reason}, not ${status}`);
        await Bun.sleep(POLL_MS);
      }
    },
    /** Asks something of an order or a delivery, such as `orders/ID/cancel`; whatever comes back. */
    ask: (what: string, body: unknown = {}, key?: string) =>
      send({
        method: "POST",
        path: `/api/v1/${what}`,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
      }),
    history: (id: string) => list(entry, `/api/v1/orders/${id}/history`),
    payments: (id: string) => list(payment, `/api/v1/payments?orderId=${id}`),
    deliveries: (id: string) => list(delivery, `/api/v1/deliveries?orderId=${id}`),
    notifications: (id: string) => list(notification, `/api/v1/notifications?orderId=${id}`),
    stock: (sku: string) => read(stock, `/api/v1/inventory/${sku}`),
  };
}

/** Looks again until `look` gives what `holds`, and gives that; or the last look when the time is over. */
export async function eventually<T>(
  look: () => Promise<T>,
  holds: (value: T) => boolean,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (holds(value) || Date.now() > deadline) return value;
    await Bun.sleep(POLL_MS);
  }
}
