/**
 * Buyers who place orders over HTTP while the platform is killed under them. Each does what a careful client does: one
 * idempotency key an order, and the same request again until it is answered. Now and then one sends a twin at the same
 * time, asks again later, reads what was promised, or tries another basket under a key that is taken.
 *
 * They note what they were told. What must hold for that is judged by judgement.ts.
 */
import { idempotencyScope } from "../../runtime/http/idempotency.ts";
import { DEVELOPMENT_ISSUER } from "../../runtime/identity/development-issuer.ts";
import type { Random } from "../../runtime/random.ts";
import { type Answer, basket, type Client, createClient, problemOf } from "../journeys/client.ts";
import type { Basket, Placed } from "../simulation/platform-shoppers.ts";
import { between, chance, oneOf, streamOf } from "../simulation/seed.ts";

export interface BuyersOptions {
  readonly seed: number;
  readonly buyers: number;
  /** Longest pause of a buyer between two orders. */
  readonly pauseMs: number;
  readonly skus: readonly string[];
  /** Where the platform is now. */
  readonly urls: () => readonly string[];
  readonly tokenFor: (customer: string) => Promise<string>;
}

export interface Buyers {
  readonly placed: readonly Placed[];
  /** What no buyer should ever have been told, one sentence each. */
  readonly complaints: readonly string[];
  readonly counts: Readonly<Record<"requests" | "unanswered" | "unavailable", number>>;
  /** How long the slowest answer of 503 took. */
  readonly slowestRefusalMs: () => number;
  /** Places one order with a good card, again and again until it is confirmed; when that was (performance.now()). */
  confirm(timeoutMs: number): Promise<number>;
  /** Begins no more orders; resolves when every order that was begun has its answer. */
  stop(): Promise<void>;
}

const PATH = "/api/v1/orders";
const CUSTOMERS = 4;
const RETRY_MS = 120;
/** A careful client that is never answered would try for ever; here that is a fault to report. */
const GIVE_UP_MS = 90_000;

const TOKENS = [
  ...Array.from({ length: 7 }, () => "tok_visa"),
  "tok_declined",
  "tok_insufficient_funds",
  "tok_timeout_charged",
  "tok_timeout_not_charged",
];

const bodyOf = ({ items, token, email }: Basket) =>
  JSON.stringify(basket({ items, paymentMethod: { token }, ...(email === null ? {} : { email }) }));

/** Starts the buyers. */
export async function startBuyers(options: BuyersOptions): Promise<Buyers> {
  const placed: Placed[] = [];
  const complaints: string[] = [];
  const counts = { requests: 0, unanswered: 0, unavailable: 0 };
  const customers = Array.from({ length: CUSTOMERS }, (_, index) => `buyer-${index + 1}`);
  const tokens = new Map(
    await Promise.all(customers.map(async (each) => [each, await options.tokenFor(each)] as const)),
  );
  let slowestRefusalMs = 0;
  let stopped = false;
  let keys = 0;

  const clientOf = (customer: string, random: Random): Client | undefined => {
    const urls = options.urls();
    return urls.length === 0 ? undefined : createClient(oneOf(random, urls), tokens.get(customer) ?? "");
  };

  /** Sends until there is an answer that says what happened. */
  async function ask(what: string, customer: string, random: Random, send: (client: Client) => Promise<Answer>) {
    const giveUpMs = performance.now() + GIVE_UP_MS;
    while (performance.now() < giveUpMs) {
      const client = clientOf(customer, random);
      if (client !== undefined) {
        counts.requests++;
        const sentMs = performance.now();
        const answer = await send(client).catch(() => undefined);
        if (answer === undefined) counts.unanswered++;
        else if (answer.status !== 503) return answer;
        else {
          counts.unavailable++;
          slowestRefusalMs = Math.max(slowestRefusalMs, performance.now() - sentMs);
          complaints.push(...faultsOfRefusal(what, answer));
        }
      }
      await Bun.sleep(between(random, 1, RETRY_MS));
    }
    complaints.push(`${what}: no answer within ${GIVE_UP_MS} ms`);
    return undefined;
  }

  function begin(customer: string, baskets: readonly Basket[]) {
    const key = `faults-${options.seed}-${++keys}`;
    const principal = { issuer: DEVELOPMENT_ISSUER, role: "customer", subject: customer, scopes: [], expiresAtMs: 0 };
    const mine: Placed = {
      scope: idempotencyScope({ ...principal, role: "customer" }, "POST", PATH, key),
      customer,
      baskets,
      acknowledged: new Set(),
    };
    placed.push(mine);
    return { key, mine };
  }

  /** Notes what was promised; true when it was an order, false when the key was refused. */
  function note(what: string, mine: Placed, answer: Answer | undefined, mayBeRefused: boolean): boolean {
    if (answer === undefined) return false;
    if (answer.status === 201) {
      mine.acknowledged.add(String(JSON.parse(answer.text).id));
      if (mine.acknowledged.size > 1) complaints.push(`${what}: its key was given two orders`);
      return true;
    }
    if (answer.status !== 422 || !mayBeRefused) complaints.push(`${what}: answered ${answer.status} ${answer.text}`);
    return false;
  }

  function drawBasket(random: Random): Basket {
    return {
      token: oneOf(random, TOKENS),
      email: chance(random, 0.4) ? "buyer@example.com" : null,
      items: Array.from({ length: between(random, 1, 3) }, () => ({
        sku: oneOf(random, options.skus),
        quantity: between(random, 1, 4),
      })),
    };
  }

  async function shop(customer: string, random: Random) {
    const mine = drawBasket(random);
    const other = { ...drawBasket(random), email: "other@example.com" };
    const isContested = chance(random, 0.05);
    const { key, mine: noted } = begin(customer, isContested ? [mine, other] : [mine]);
    const place = async (what: string, body: Basket, mayBeRefused: boolean) => {
      const wait = chance(random, 0.2) ? { wait: between(random, 1, 5) } : {};
      const text = bodyOf(body);
      const answer = await ask(`${what} ${key}`, customer, random, (client) => client.post(text, { key, ...wait }));
      return note(`${what} ${key}`, noted, answer, mayBeRefused);
    };
    const rivals = [place("order", mine, isContested)];
    if (chance(random, 0.1)) rivals.push(place("twin", mine, isContested));
    if (isContested) rivals.push(place("rival", other, true));
    const answers = await Promise.all(rivals);
    if (!answers.includes(true)) complaints.push(`order ${key}: every basket of its key was refused`);
    const [id] = noted.acknowledged;
    if (isContested || id === undefined) return;
    if (chance(random, 0.1)) await place("again", mine, false);
    if (chance(random, 0.1)) {
      const answer = await ask(`reading ${id}`, customer, random, (client) =>
        client.send({ method: "GET", path: `${PATH}/${id}` }),
      );
      if (answer !== undefined && answer.status !== 200)
        complaints.push(`reading ${id}: an acknowledged order was answered ${answer.status}`);
    }
    if (chance(random, 0.05)) {
      const answer = await ask(`misuse of ${key}`, customer, random, (client) => client.post(bodyOf(other), { key }));
      if (answer !== undefined && answer.status !== 422)
        complaints.push(`misuse of ${key}: another basket under its key was answered ${answer.status}`);
    }
  }

  async function buyer(index: number) {
    const random = streamOf(options.seed, `buyer ${index}`);
    while (!stopped) {
      await shop(oneOf(random, customers), random);
      await Bun.sleep(between(random, 0, options.pauseMs));
    }
  }

  const all = Promise.all(Array.from({ length: options.buyers }, (_, index) => buyer(index)));
  // Reported by `stop`, whenever that is.
  all.catch(() => undefined);
  const confirming = streamOf(options.seed, "confirming");

  return {
    placed,
    complaints,
    counts,
    slowestRefusalMs: () => slowestRefusalMs,
    async confirm(timeoutMs) {
      const [customer = ""] = customers;
      const body: Basket = { token: "tok_visa", email: null, items: [{ sku: options.skus[0] ?? "", quantity: 1 }] };
      const { key, mine } = begin(customer, [body]);
      const deadline = performance.now() + timeoutMs;
      while (performance.now() < deadline) {
        const answer = await clientOf(customer, confirming)
          ?.post(bodyOf(body), { key, wait: 1 })
          .catch(() => undefined);
        if (answer?.status === 201) {
          note("confirming", mine, answer, false);
          if (["CONFIRMED", "FULFILLING"].includes(JSON.parse(answer.text).status)) return performance.now();
        }
        await Bun.sleep(10);
      }
      throw new Error(`no order was confirmed within ${timeoutMs} ms`);
    },
    async stop() {
      stopped = true;
      await all;
    },
  };
}

/** A refusal for the moment is a problem document that says when to come back. */
function faultsOfRefusal(what: string, answer: Answer): string[] {
  try {
    problemOf(answer);
  } catch (error) {
    return [`${what}: ${String(error)}`];
  }
  const seconds = answer.headers.get("retry-after") ?? "none";
  return /^[1-9]\d*$/.test(seconds) ? [] : [`${what}: 503 with Retry-After ${seconds}`];
}
