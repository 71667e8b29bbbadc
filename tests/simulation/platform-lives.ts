/**
 * What becomes of orders after they were placed: their customers and the operators cancel some, parcels are dispatched,
 * delivered, fail or come back, delivered orders are returned, customers act or do not act at the payment provider, and
 * operators take care of what needs attention. Whoever asks goes on asking until there is an answer; being too early or
 * too late is one.
 */

import * as z from "zod";
import type { Deadlines } from "../../runtime/module.ts";
import type { Random } from "../../runtime/random.ts";
import type { PlatformAnswer, PlatformRequest } from "./platform-node.ts";
import { between, chance, oneOf } from "./seed.ts";

export type Promised = "cancel" | "return";

export interface Life {
  readonly id: string;
  readonly customer: string;
  readonly token: string;
  readonly random: Random;
  /** Chance of its own for whoever watches the money. */
  readonly watching: Random;
  /** Sends until there is an answer. */
  readonly ask: (label: string, request: PlatformRequest) => Promise<PlatformAnswer>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  readonly violation: (text: string) => void;
  /** An accepted request: it must be carried out. */
  readonly promise: (what: Promised) => void;
  /** After so long a placed order expires, a customer at the provider's page is given up, a delivered order is final. */
  readonly within: Pick<Deadlines, "placementMs" | "customerActionMs" | "returnWindowMs">;
}

/** How often somebody looks whether the order has come so far, and at which distances. */
const LOOKS = 12;
const LOOK_WITHIN_MS = 1000;
const WATCHES = 40;
const WATCH_WITHIN_MS = 500;
/** About as long as a commit takes. */
const ROUND_MS = 8;
/** What is to be undone may take longer than anything else before an order needs attention. */
const STUCK_WITHIN_MS = 2000;
const CANCEL_WITHIN_MS = [0, 300, 3000, 8000] as const;
/** Some wait for the last moment: around the end of what they wait for. */
const AT_THE_LAST_MOMENT = 0.3;
const LAST_MOMENT_MS = 400;
const OPERATOR = null;
const EARLY: readonly string[] = ["PENDING", "RESERVED"];
const UNDONE: readonly string[] = ["REJECTED", "EXPIRED", "CANCELLED"];

const OK: readonly number[] = [200, 202];
/** The order does not allow it (yet, or any more), or there is nothing yet that it could be done to. */
const NOT_NOW: readonly number[] = [404, 409];
/** The key was sent with another body before. */
const KEY_REUSED = 422;

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
  if (chance(random, 0.3)) deeds.push(close(life));
  if (chance(life.watching, 0.15)) deeds.push(cancelOnceCaptured({ ...life, random: life.watching }));
  await Promise.all(deeds);
}

/** Asks, perhaps under a key and then once more under it, perhaps with a rival; whether it was accepted. */
async function ask(life: Life, label: string, request: PlatformRequest): Promise<boolean> {
  const { random, id } = life;
  if (!chance(random, 0.5)) return accepts(life, label, request);
  const keyed = { ...request, idempotencyKey: `${label} ${between(random, 1, 1_000_000)}` };
  const rival = hasReason(request.body) && chance(random, 0.4) ? { ...keyed, body: otherReason(request.body) } : null;
  const [accepted, rivalAccepted] = await Promise.all([
    accepts(life, label, keyed, rival !== null),
    rival === null ? false : accepts(life, `rival ${label}`, rival, true),
  ]);
  if (accepted && rivalAccepted) life.violation(`${label} of ${id} was accepted under one key for two reasons`);
  if (accepted && chance(random, 0.3) && !(await accepts(life, `${label} again`, keyed)))
    life.violation(`${label} of ${id} was accepted, and refused when it was repeated`);
  return accepted || rivalAccepted;
}

async function accepts(life: Life, label: string, request: PlatformRequest, mayBeReused = false): Promise<boolean> {
  const { status, body } = await life.ask(`${label} ${life.id}`, request);
  if (!OK.includes(status) && !NOT_NOW.includes(status) && !(mayBeReused && status === KEY_REUSED))
    life.violation(`${label} of ${life.id} was answered ${status} ${JSON.stringify(body)}`);
  return OK.includes(status);
}

const hasReason = (body: unknown): body is { readonly reason: string } =>
  typeof body === "object" && body !== null && "reason" in body;
const otherReason = (body: { readonly reason: string }) => ({ ...body, reason: `${body.reason}, or so` });

/** The same, looking again until it is accepted or has been tried often enough. */
async function eventually(life: Life, label: string, request: PlatformRequest): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (await ask(life, label, request)) return true;
    await life.sleep(between(life.random, 1, LOOK_WITHIN_MS));
  }
  return false;
}

/** Waits for about the moment at which the wait that has just begun ends by itself. */
const untilLastMoment = ({ random, sleep }: Life, waitMs: number) =>
  sleep(Math.max(0, waitMs - between(random, 0, LAST_MOMENT_MS)));

async function cancel(life: Life) {
  const { random, id, customer, within } = life;
  if (chance(random, AT_THE_LAST_MOMENT)) await untilLastMoment(life, within.placementMs);
  else await life.sleep(between(random, 0, oneOf(random, CANCEL_WITHIN_MS)));
  const by = chance(random, 0.8) ? customer : OPERATOR;
  if (await ask(life, "cancel", post("/api/v1/orders/{id}/cancel", id, by))) life.promise("cancel");
}

/** The money is being taken: what is undone now may be taken before the provider hears of it. */
async function cancelWhileCaptured(life: Life) {
  const { watching: random, id, customer } = life;
  await life.sleep(between(random, 0, oneOf(random, [100, 1000, 4000])));
  if (await ask({ ...life, random }, "cancel", post("/api/v1/orders/{id}/cancel", id, customer)))
    life.promise("cancel");
}

/** The money was taken, and the parcel is about to leave: the last moment in which a cancel is accepted. */
async function cancelOnceCaptured(life: Life) {
  for (let look = 0; look < WATCHES; look++) {
    const [payment] = await paymentsOf(life);
    if (payment !== undefined && payment.captured.amount > 0) {
      if (await ask(life, "cancel", post("/api/v1/orders/{id}/cancel", life.id, life.customer))) life.promise("cancel");
      return;
    }
    await life.sleep(between(life.random, 1, WATCH_WITHIN_MS));
  }
}

/** Undefined: there is none yet, and none may come any more. */
async function deliveryOf(life: Life): Promise<string | undefined> {
  const order: PlatformRequest = {
    method: "GET",
    path: "/api/v1/orders/{id}",
    params: { id: life.id },
    customer: OPERATOR,
  };
  for (let look = 0; look < LOOKS; look++) {
    const { body } = await life.ask(`status of ${life.id}`, order);
    const status = typeof body === "object" && body !== null && "status" in body ? String(body.status) : "";
    if (UNDONE.includes(status)) return undefined;
    if (!EARLY.includes(status)) {
      const request = { method: "GET", path: "/api/v1/deliveries", customer: OPERATOR } as const;
      const deliveries = await life.ask(`delivery of ${life.id}`, { ...request, query: { orderId: life.id } });
      const [found] = itemsOf(deliveries.body);
      if (found !== undefined) return found;
    }
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
  const { random } = life;
  const delivery = await deliveryOf(life);
  if (delivery === undefined) return;
  const step = (name: string) => post(`/api/v1/deliveries/{id}/${name}`, delivery, OPERATOR);
  if (!(await ask(life, "dispatch", step("dispatch")))) return;
  const cancels = chance(life.watching, 0.2) ? cancelWhileCaptured(life) : Promise.resolve();
  const refunds = chance(random, 0.4) ? giveBack(life) : Promise.resolve();
  const end = oneOf(random, ["stays away", "deliver", "deliver", "deliver", "fail"] as const);
  if (end === "deliver" && (await ask(life, "deliver", step("deliver")))) {
    // A part may be on its way back when all of it is to go.
    const part = chance(life.watching, 0.3) ? giveBack({ ...life, random: life.watching }) : Promise.resolve();
    if (chance(random, AT_THE_LAST_MOMENT)) await returnAtTheLastMoment(life);
    else if (chance(random, 0.5) && (await eventually(life, "return", back(life)))) life.promise("return");
    await part;
  }
  if (end === "fail") for (const _attempt of [1, 2, 3]) await ask(life, "fail", step("fail"));
  if (chance(random, 0.5)) await takeCare(life);
  await refunds;
  await cancels;
}

/**
 * As the return window ends: beside other requests, which are refused and keep the replica busy, so that it meets the
 * return and the end of the window together.
 */
async function returnAtTheLastMoment(life: Life) {
  const { random, id, customer, within } = life;
  for (let look = 0; look < WATCHES; look++) {
    const read: PlatformRequest = { method: "GET", path: "/api/v1/orders/{id}", params: { id }, customer };
    const shown = deliveredIn.safeParse((await life.ask(`status of ${id}`, read)).body).data;
    if (shown !== undefined) {
      await life.sleep(Math.max(0, Date.parse(shown.updatedAt) + within.returnWindowMs - life.now() - ROUND_MS));
      const soon = () => life.sleep(between(random, 0, 2 * ROUND_MS));
      const crowd = ["cancel", "cancel", "cancel"].map((what) =>
        soon().then(() => accepts(life, what, post(`/api/v1/orders/{id}/${what}`, id, OPERATOR))),
      );
      await soon();
      if (await ask(life, "return", back(life))) life.promise("return");
      await Promise.all(crowd);
      return;
    }
    await life.sleep(between(random, 1, WATCH_WITHIN_MS));
  }
}

const deliveredIn = z.object({ status: z.literal("DELIVERED"), updatedAt: z.string() });

/** What of the payment's money operators may want to give back at once: too much together, now and then. */
const SHARES = [[0.3], [0.5, 0.5], [0.6, 0.6], [1], [1, 0.1]] as const;

/** Operators give money back while the sale stands, before the capture in vain. */
async function giveBack(life: Life) {
  const { random } = life;
  await life.sleep(between(random, 0, LOOK_WITHIN_MS));
  const [payment] = await paymentsOf(life);
  if (payment === undefined || payment.authorised.amount === 0) return;
  const { id, authorised } = payment;
  const asked = oneOf(random, SHARES).map((share) => {
    const amount = { amount: Math.max(1, Math.floor(authorised.amount * share)), currency: authorised.currency };
    return eventually(life, "refund", post("/api/v1/payments/{id}/refunds", id, OPERATOR, { amount }));
  });
  await Promise.all(asked);
}

const moneyIn = z.object({ amount: z.int(), currency: z.string() });
const paymentsIn = z.object({
  items: z.array(z.object({ id: z.string(), authorised: moneyIn, captured: moneyIn })),
});

async function paymentsOf(life: Life) {
  const request = { method: "GET", path: "/api/v1/payments", customer: OPERATOR } as const;
  const { body } = await life.ask(`payment of ${life.id}`, { ...request, query: { orderId: life.id } });
  return paymentsIn.safeParse(body).data?.items ?? [];
}

const back = ({ id, customer }: Life) =>
  post("/api/v1/orders/{id}/returns", id, customer, { reason: "it does not fit" });

/** Asks for the return at once, which most orders do not allow: for whoever only wants to keep a replica busy. */
export async function askForReturn(life: Life): Promise<void> {
  if (await ask(life, "return", back(life))) life.promise("return");
}

/** An operator does something about an order that needs attention. */
async function takeCare(life: Life) {
  const action = oneOf(life.random, ["retry", "cancel", "close"]);
  const body = { action, reason: "it was looked at" };
  const accepted = await eventually(life, "resolve", post("/api/v1/orders/{id}/resolve", life.id, OPERATOR, body));
  if (accepted && action === "cancel") life.promise("cancel");
}

/** An operator waits until an order is stuck that is refused, cancelled or given back, and closes it. */
async function close(life: Life) {
  const body = { action: "close", reason: "it was settled by hand" };
  for (let look = 0; look < LOOKS; look++) {
    await life.sleep(between(life.random, 1, STUCK_WITHIN_MS));
    if (await ask(life, "close", post("/api/v1/orders/{id}/resolve", life.id, OPERATOR, body))) return;
  }
}

/** The customer completes or fails at the provider's page, perhaps more than once. */
async function actAtProvider(life: Life) {
  const { random, id, within } = life;
  if (chance(random, AT_THE_LAST_MOMENT)) await untilLastMoment(life, within.customerActionMs);
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
