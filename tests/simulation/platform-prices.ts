/**
 * Prices that change while shoppers order: in some seeds operators begin a promotion and end it, and some shoppers ask
 * for a quote and order by it. A promotion holds for each quote made after its answer, and for none after the answer to
 * its end; an order has the price of its quote, whatever has changed meanwhile.
 */
import * as z from "zod";
import type { Random } from "../../runtime/random.ts";
import type { PlatformAnswer, PlatformNode, PlatformRequest } from "./platform-node.ts";
import { between, chance } from "./seed.ts";
import type { World } from "./workload.ts";

type Ask = (label: string, random: Random, request: PlatformRequest) => Promise<PlatformAnswer>;

export interface Quoted {
  readonly id: string;
  readonly total: number;
  readonly expiresMs: number;
}

export interface Prices {
  /** Begins and ends the seed's promotion, if it has one. */
  promote(): Promise<void>;
  /** What the basket costs now; undefined: its coupon cannot be used. */
  quote(label: string, random: Random, customer: string, basket: object): Promise<Quoted | undefined>;
  /** What an order by this quote was answered with. */
  judge(label: string, quoted: Quoted, order: object): void;
}

const PROMOTED_IN = 0.5;
const BEGINS_WITHIN_MS = 2500;
const LASTS_WITHIN_MS = 6000;
const PATH = "/api/v1/pricing/promotions";
const PROMOTION = { name: "a tenth off", kind: "percentage", value: 10, enabled: true };

const money = z.object({ amount: z.int(), currency: z.string() });
const quoteIn = z.object({ id: z.string(), expiresAt: z.string(), subtotal: money, discount: money, total: money });
const promotionIn = z.object({ id: z.string() });
const orderIn = z.object({ id: z.string(), total: money });

export function createPrices({ random, scheduler, violation, faults }: World<PlatformNode>, ask: Ask): Prices {
  /** What quotes must show; null while a request that changes it is under way. */
  let promotion: "none" | "in force" | null = "none";
  let changes = 0;
  const become = (now: typeof promotion) => {
    promotion = now;
    changes++;
  };

  return {
    async promote() {
      const draws = random("promotions");
      const isPromoted = chance(draws, PROMOTED_IN);
      await scheduler.sleep(between(draws, 0, BEGINS_WITHIN_MS));
      if (!isPromoted) return;
      become(null);
      const begin: PlatformRequest = { method: "POST", path: PATH, customer: null, body: PROMOTION };
      const begun = await ask("a promotion", draws, { ...begin, idempotencyKey: "the promotion" });
      const { id } = promotionIn.parse(begun.body);
      become("in force");
      faults.count("promotionBegun");
      await scheduler.sleep(between(draws, 0, LASTS_WITHIN_MS));
      become(null);
      const end: PlatformRequest = { method: "POST", path: `${PATH}/{id}/disable`, params: { id }, customer: null };
      const { status } = await ask("the end of the promotion", draws, { ...end, body: {} });
      if (status !== 200) violation(`the end of the promotion was answered ${status}`);
      become("none");
    },

    async quote(label, draws, customer, basket) {
      const [before, changesBefore] = [promotion, changes];
      const request: PlatformRequest = { method: "POST", path: "/api/v1/pricing/quotes", customer, body: basket };
      const { status, body } = await ask(label, draws, request);
      const hasCoupon = "couponCode" in basket;
      if (status === 422 && hasCoupon) return undefined;
      const quote = quoteIn.safeParse(body);
      if (status !== 201 || !quote.success) {
        violation(`${label}: answered ${status} ${JSON.stringify(body)}`);
        return undefined;
      }
      const { id, expiresAt, subtotal, discount, total } = quote.data;
      const isReduced = discount.amount > 0;
      // It may have been asked for a long time.
      const isCertain = changes === changesBefore && subtotal.amount > 0;
      if (isCertain && before === "in force" && !isReduced) violation(`${label}: the promotion does not hold`);
      if (isCertain && before === "none" && isReduced && !hasCoupon) violation(`${label}: nothing reduces it`);
      faults.count("quoted");
      return { id, total: total.amount, expiresMs: Date.parse(expiresAt) };
    },

    judge(label, quoted, order) {
      const { id, total } = orderIn.parse(order);
      if (total.amount !== quoted.total)
        violation(`${label}: order ${id} costs ${total.amount}, and its quote said ${quoted.total}`);
    },
  };
}
