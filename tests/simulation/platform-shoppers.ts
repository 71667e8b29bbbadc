/**
 * The shoppers: each places one order with one idempotency key and does not stop before it has an answer. They send
 * again after an error, send twins to two replicas at once, ask again later with the same key, and try the same key
 * with another basket, before and after the answer.
 */

import { messageOf } from "../../runtime/error-text.ts";
import { idempotencyScope } from "../../runtime/http/idempotency.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import type { Random } from "../../runtime/random.ts";
import { askForReturn, type Life, live, type Promised } from "./platform-lives.ts";
import type { PlatformAnswer, PlatformNode, PlatformRequest } from "./platform-node.ts";
import { createPrices, type Quoted } from "./platform-prices.ts";
import { between, chance, oneOf } from "./seed.ts";
import { idsInText } from "./story.ts";
import type { World } from "./workload.ts";

/** A key, every basket that was sent with it, and what the shopper was told. */
export interface Placed {
  readonly scope: string;
  readonly customer: string;
  readonly baskets: readonly Basket[];
  /** Ids that a 201 named. */
  readonly acknowledged: Set<string>;
  /** What was asked for later and accepted. */
  readonly promises?: ReadonlySet<Promised>;
}

export interface Basket {
  readonly token: string;
  readonly coupon?: string | null;
  readonly email: string | null;
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
}

const ORDERS = 5;
/** Shoppers who come when nothing fails any more: whatever has gone wrong, the platform must still sell. */
const LATE_ORDERS = 1;
const LATE_WITHIN_MS = 4000;
/** How many ask a replica that is about to stop, at most, and for how long they come. */
const MOST_IN_A_CROWD = 5;
const CROWD_WITHIN_MS = 500;
const CUSTOMERS = 3;
const QUOTED_IN = 0.3;
const CLOCKS_DIFFER_MS = 5000;
const PATH = "/api/v1/orders";
const MOST_TRIES = 500;
const RETRY_MS = 400;

const TOKENS = [
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_visa",
  "tok_declined",
  "tok_insufficient_funds",
  "tok_timeout_charged",
  "tok_timeout_not_charged",
  "tok_provider_down",
  "tok_requires_action",
  "tok_requires_action",
  "tok_capture_refused",
] as const;
/** There are two uses of it, and one for each customer. */
const SCARCE_COUPON = "LAST2";
/** Few, and 500 or 700 units of each; the last one costs nothing. */
const SKUS = ["SKU-001", "SKU-002", "SKU-003"] as const;
const FREE = "SKU-020";

function drawBasket(random: Random): Basket {
  const lines = between(random, 1, 3);
  const most = oneOf(random, [5, 200, 300]);
  const isFree = chance(random, 0.05);
  return {
    token: oneOf(random, TOKENS),
    coupon: chance(random, 0.25) ? oneOf(random, ["WELCOME10", SCARCE_COUPON, SCARCE_COUPON]) : null,
    email: chance(random, 0.5) ? "shopper@example.com" : null,
    items: Array.from({ length: lines }, () => ({
      sku: isFree ? FREE : oneOf(random, SKUS),
      quantity: between(random, 1, most),
    })),
  };
}

const pricedOf = ({ coupon, items }: Basket) => ({
  currency: "USD",
  ...(coupon ? { couponCode: coupon } : {}),
  items,
  shippingAddress: { name: "A Shopper", line1: "1 Main Street", city: "Seattle", postalCode: "98101", country: "US" },
});

const bodyOf = (basket: Basket, quoted: Quoted | undefined) => ({
  ...pricedOf(basket),
  ...(quoted === undefined ? {} : { quoteId: quoted.id }),
  paymentMethod: { token: basket.token },
  ...(basket.email === null ? {} : { email: basket.email }),
});

/** A request's body for the story. */
function basketInWords(body: unknown): string {
  if (typeof body !== "object" || body === null || !("items" in body) || !Array.isArray(body.items)) return "";
  const token = "paymentMethod" in body ? JSON.stringify(body.paymentMethod) : "";
  return `${body.items.map((item) => `${item.quantity} × ${item.sku}`).join(", ")} ${token}`;
}

/** Whether what a shopper is shown is what he asked for. */
function isOf({ items }: Basket, shown: object): boolean {
  const lines: unknown[] = "items" in shown && Array.isArray(shown.items) ? shown.items : [];
  return (
    lines.length === items.length &&
    items.every(({ sku, quantity }, index) => {
      const line = lines[index];
      return (
        typeof line === "object" &&
        line !== null &&
        Reflect.get(line, "sku") === sku &&
        Reflect.get(line, "quantity") === quantity
      );
    })
  );
}

export interface Shoppers {
  drive(): Promise<void>;
  /** Nothing fails any more: the last ones come. */
  comeLate(): void;
  /** This replica is about to stop: some ask it for something until it does. */
  crowd(node: number): void;
  /** Some of whom `drive` knows nothing have no answer yet. */
  isOpen(): boolean;
  readonly placed: readonly Placed[];
  /** The Idempotency-Key of each scope. */
  readonly keys: ReadonlyMap<string, string>;
}

/** The shoppers of one seed. */
export function createShoppers(world: World<PlatformNode>, within: Life["within"]): Shoppers {
  const placed: Placed[] = [];
  const keys = new Map<string, string>();
  const { scheduler } = world;
  const spreadMs = oneOf(world.random("spread"), [20, 500, 3000]);
  /** In some seeds nearly everybody wants the coupon of which there are few. */
  const wanting = world.random("wanting");
  const wantsScarce = oneOf(wanting, [0, 0, 0, 0.9]);
  const lives: Life[] = [];
  const crowding = world.random("crowd");
  let open = 0;

  /** What somebody does beside the shoppers whom `drive` waits for. */
  function aside(doing: Promise<void>) {
    open++;
    doing.then(
      () => void open--,
      (error: unknown) => world.violation(`a client failed: ${messageOf(error)}`),
    );
  }

  /** Sends until there is an answer that says what happened. */
  async function ask(label: string, random: Random, first: number, request: PlatformRequest): Promise<PlatformAnswer> {
    let node = first;
    const about = [request.idempotencyKey ?? request.params?.["id"] ?? ""];
    const tell = (text: string) => world.trace.tell(() => ({ about, text: `a shopper (${label}) ${text}` }));
    let lastWhy = "";
    tell(`asks node${node}: ${request.method} ${request.path} ${basketInWords(request.body)}`);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      let why = "it is too busy, or has no database (503)";
      try {
        const answer = await world.call(label, node, (api) => api.send(request));
        if (answer.status !== 503) {
          const id = idsInText(JSON.stringify(answer.body ?? ""))[0] ?? "";
          tell(`is answered ${answer.status} ${id} by node${node} at try ${tries + 1}`);
          return answer;
        }
      } catch (error) {
        why = messageOf(error);
        world.trace.line(`  ${label}: ${why}`);
      }
      if (why !== lastWhy) tell(`asks again: ${why}`);
      lastWhy = why;
      await scheduler.sleep(between(random, 1, RETRY_MS));
      node = oneOf(random, world.listening());
    }
    throw new Error(`${label} had no answer after ${MOST_TRIES} tries`);
  }

  const prices = createPrices(world, (label, random, request) =>
    ask(label, random, oneOf(random, world.listening()), request),
  );

  async function shop(index: number, withinMs: number) {
    const random = world.random(`shopper ${index}`);
    const customer = `customer-${index % CUSTOMERS}`;
    // Customers do not know of each other: some choose the same key.
    const key = `key-${Math.floor(index / CUSTOMERS)}`;
    const drawn = drawBasket(random);
    const basket = chance(wanting, wantsScarce) ? { ...drawn, coupon: SCARCE_COUPON } : drawn;
    const other = drawBasket(random);
    const principal: Principal = {
      subject: customer,
      role: "customer",
      scopes: [],
      issuer: "simulation",
      expiresAtMs: 0,
    };
    const baskets = [basket];
    const promises = new Set<Promised>();
    const mine: Placed = {
      scope: idempotencyScope(principal, "POST", PATH, key),
      customer,
      baskets,
      acknowledged: new Set(),
      promises,
    };
    placed.push(mine);
    keys.set(mine.scope, key);
    let quoted: Quoted | undefined;
    const request = (body: Basket, waitMs: number): PlatformRequest => ({
      method: "POST",
      path: PATH,
      customer,
      body: bodyOf(body, body === basket ? quoted : undefined),
      idempotencyKey: key,
      waitMs,
    });

    /** By some replica's clock, or while the shopper is asking. */
    const mayHaveExpired = () => quoted !== undefined && world.loop.now() + CLOCKS_DIFFER_MS >= quoted.expiresMs;

    /** Whether an order is what was asked for, at its price. */
    function judge(label: string, body: Basket, told: object) {
      if (quoted !== undefined && body === basket) prices.judge(label, quoted, told);
      if (!isOf(body, told)) world.violation(`${label}: its basket was answered with ${JSON.stringify(told)}`);
    }

    /** Notes what was promised, or that the key was refused. */
    async function place(label: string, node: number, body: Basket, mayBeRefused: boolean) {
      const waitMs = chance(random, 0.15) ? between(random, 1, 5000) : 0;
      const { status, body: told } = await ask(label, random, node, request(body, waitMs));
      if (status === 201 && typeof told === "object" && told !== null && "id" in told) {
        mine.acknowledged.add(String(told.id));
        if (mine.acknowledged.size > 1) world.violation(`${label}: the same key was given two orders`);
        judge(label, body, told);
        return true;
      }
      if (status === 422 && (mayBeRefused || (body === basket && mayHaveExpired()))) return false;
      world.violation(`${label}: answered ${status} ${JSON.stringify(told)}`);
      return false;
    }

    /** Reads the order, sends it again, or tries another basket under its key. */
    async function lookAgain(id: string) {
      if (chance(random, 0.3)) {
        const read = { method: "GET", path: `${PATH}/{id}`, params: { id }, customer } as const;
        const { status } = await ask(`reading ${index}`, random, oneOf(random, world.listening()), read);
        if (status !== 200) world.violation(`reading ${index}: an acknowledged order was answered ${status}`);
      }
      if (chance(random, 0.2)) await place(`order ${index} again`, oneOf(random, world.listening()), basket, false);
      if (chance(random, 0.15) && JSON.stringify(other) !== JSON.stringify(basket)) {
        const { status } = await ask(`misuse of ${index}`, random, oneOf(random, world.listening()), request(other, 0));
        if (status !== 422) world.violation(`misuse of ${index}: another basket under its key was answered ${status}`);
      }
    }

    await scheduler.sleep(between(random, 0, withinMs));
    const quoting = world.random(`quoting ${index}`);
    if (chance(quoting, QUOTED_IN)) {
      quoted = await prices.quote(`quote of ${index}`, quoting, customer, pricedOf(basket));
      await scheduler.sleep(between(quoting, 0, oneOf(quoting, [10, 4000])));
    }
    const node = oneOf(random, world.listening());
    const elsewhere = world.listening().find((each) => each !== node) ?? node;
    const isContested = chance(random, 0.1);
    const mayBeSpent = basket.coupon === SCARCE_COUPON;
    const mayBeRefused = isContested || mayBeSpent;
    const rivals = [place(`order ${index}`, node, basket, mayBeRefused)];
    if (chance(random, 0.25)) rivals.push(place(`twin of ${index}`, elsewhere, basket, mayBeRefused));
    if (isContested) {
      baskets.push(other);
      rivals.push(place(`rival of ${index}`, chance(random, 0.5) ? node : elsewhere, other, true));
    }
    const answers = await Promise.all(rivals);
    if (
      !answers.some((accepted) => accepted) &&
      !mayBeSpent &&
      !mayHaveExpired() &&
      !(isContested && other.coupon === SCARCE_COUPON)
    )
      world.violation(`order ${index}: every basket of its key was refused`);
    const [id] = mine.acknowledged;
    if (isContested || id === undefined) return;

    const life: Life = {
      id,
      customer,
      token: basket.token,
      random: world.random(`life ${index}`),
      watching: world.random(`watching ${index}`),
      ask: (label, request) => ask(label, random, oneOf(random, world.listening()), request),
      sleep: scheduler.sleep,
      now: world.loop.now,
      violation: world.violation,
      promise: (what) => void promises.add(what),
      within,
    };
    lives.push(life);
    const living = live(life);
    await lookAgain(id);
    await living;
  }

  return {
    placed,
    keys,
    async drive() {
      const shops = Array.from({ length: ORDERS }, (_, index) => shop(index, spreadMs));
      await Promise.all([...shops, prices.promote()]);
    },
    comeLate() {
      for (let late = 0; late < LATE_ORDERS; late++) aside(shop(ORDERS + late, LATE_WITHIN_MS));
    },
    crowd(node) {
      for (let count = between(crowding, 0, MOST_IN_A_CROWD); count > 0 && lives.length > 0; count--) {
        const life = oneOf(crowding, lives);
        const afterMs = between(crowding, 0, CROWD_WITHIN_MS);
        const toNode: Life["ask"] = (label, request) => ask(label, crowding, node, request);
        aside(scheduler.sleep(afterMs).then(() => askForReturn({ ...life, random: crowding, ask: toNode })));
      }
    },
    isOpen: () => open > 0,
  };
}
