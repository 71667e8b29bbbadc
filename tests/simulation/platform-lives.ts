/**
 * What becomes of orders after they were placed: their customers and the operators cancel some, parcels are dispatched,
 * delivered, fail or come back, delivered orders are returned, customers act or do not act at the payment provider, and
 * operators take care of what needs attention. Whoever asks goes on asking until there is an answer; being too early or
 * too late is one.
 */
import type { Random } from "../../runtime/random.ts";
import type { PlatformAnswer, PlatformRequest } from "./platform-node.ts";
import { between, chance, oneOf } from "./seed.ts";

export type Promised = "cancel" | "return";

export interface Life {
  readonly id: string;
  readonly customer: string;
  readonly token: string;
  readonly random: Random;
  /** Sends until there is an answer. */
  readonly ask: (label: string, request: PlatformRequest) => Promise<PlatformAnswer>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly violation: (text: string) => void;
  /** An accepted request: it must be carried out. */
  readonly promise: (what: Promised) => void;
}

/** How often somebody looks whether the order has come so far, and at which distances. */
const LOOKS = 12;
const LOOK_WITHIN_MS = 1500;
const CANCEL_WITHIN_MS = [0, 300, 3000, 12_000] as const;
const OPERATOR = null;

const OK: readonly number[] = [200, 202];
/** The order does not allow it (yet, or any more), or there is nothing yet that it could be done to. */
const NOT_NOW: readonly number[] = [404, 409];

const post = (path: string, id: string, customer: string | null, body: unknown = {}): PlatformRequest => ({
  method: "POST",
  path,
  params: { id },
  customer,
  body,
});

/** What the order's people do with it from here on. */
export async function live(life: Life): Promise<void> {
  const { random } = life;
  const deeds: Promise<void>[] = [];
  if (life.token === "tok_requires_action" && chance(random, 0.7)) deeds.push(actAtProvider(life));
  if (chance(random, 0.3)) deeds.push(cancel(life));
  if (chance(random, 0.6)) deeds.push(send(life));
  await Promise.all(deeds);
}

/** Asks, perhaps under a key and then once more under it; whether it was accepted. */
async function ask(life: Life, label: string, request: PlatformRequest): Promise<boolean> {
  const { random, violation } = life;
  const keyed = chance(random, 0.5)
    ? { ...request, idempotencyKey: `${label} ${between(random, 1, 1_000_000)}` }
    : request;
  const { status, body } = await life.ask(`${label} ${life.id}`, keyed);
  if (!OK.includes(status) && !NOT_NOW.includes(status))
    violation(`${label} of ${life.id} was answered ${status} ${JSON.stringify(body)}`);
  const accepted = OK.includes(status);
  if (accepted && keyed.idempotencyKey !== undefined && chance(random, 0.3)) {
    const again = await life.ask(`${label} again ${life.id}`, keyed);
    if (again.status !== status) violation(`${label} of ${life.id}, repeated, was answered ${again.status}`);
  }
  return accepted;
}

/** The same, looking again until it is accepted or has been tried often enough. */
async function eventually(life: Life, label: string, request: PlatformRequest): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (await ask(life, label, request)) return true;
    await life.sleep(between(life.random, 1, LOOK_WITHIN_MS));
  }
  return false;
}

async function cancel(life: Life) {
  const { random, id, customer } = life;
  await life.sleep(between(random, 0, oneOf(random, CANCEL_WITHIN_MS)));
  const by = chance(random, 0.8) ? customer : OPERATOR;
  if (await ask(life, "cancel", post("/api/v1/orders/{id}/cancel", id, by))) life.promise("cancel");
}

async function deliveryOf(life: Life): Promise<string | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const request = { method: "GET", path: "/api/v1/deliveries", customer: OPERATOR } as const;
    const { body } = await life.ask(`delivery of ${life.id}`, { ...request, query: { orderId: life.id } });
    const [found] = itemsOf(body);
    if (found !== undefined) return found;
    await life.sleep(between(life.random, 1, LOOK_WITHIN_MS));
  }
  return undefined;
}

/** The ids in a list. */
function itemsOf(body: unknown): string[] {
  const items: unknown = typeof body === "object" && body !== null && "items" in body ? body.items : [];
  return Array.isArray(items) ? items.map((item) => String(item.id)) : [];
}

/** The parcel is asked for, and then delivered, or not; what arrived may be returned. */
async function send(life: Life) {
  const { random, customer, id } = life;
  const delivery = await deliveryOf(life);
  if (delivery === undefined) return;
  const step = (name: string) => post(`/api/v1/deliveries/{id}/${name}`, delivery, OPERATOR);
  if (!(await ask(life, "dispatch", step("dispatch")))) return;
  const end = oneOf(random, ["stays away", "deliver", "deliver", "deliver", "fail"] as const);
  if (end === "deliver" && (await ask(life, "deliver", step("deliver")))) {
    const request = post("/api/v1/orders/{id}/returns", id, customer, { reason: "it does not fit" });
    if (chance(random, 0.5) && (await eventually(life, "return", request))) life.promise("return");
  }
  if (end === "fail") for (const _attempt of [1, 2, 3]) await ask(life, "fail", step("fail"));
  if (chance(random, 0.5)) await takeCare(life);
}

/** An operator does something about an order that needs attention. */
async function takeCare(life: Life) {
  const action = oneOf(life.random, ["retry", "cancel"]);
  const body = { action, reason: "it was looked at" };
  const accepted = await eventually(life, "resolve", post("/api/v1/orders/{id}/resolve", life.id, OPERATOR, body));
  if (accepted && action === "cancel") life.promise("cancel");
}

/** The customer completes or fails at the provider's page, perhaps more than once. */
async function actAtProvider(life: Life) {
  const { random, id } = life;
  const what = oneOf(random, ["complete", "complete", "fail"]);
  const request: PlatformRequest = {
    method: "POST",
    path: `/api/v1/payments/simulator/{key}/${what}`,
    params: { key: `${id}:auth:1` },
    customer: null,
  };
  for (let look = 0; look < LOOKS; look++) {
    await life.sleep(between(random, 1, LOOK_WITHIN_MS));
    const { status } = await life.ask(`${what} ${id}`, request);
    if (status < 400) return;
  }
}
