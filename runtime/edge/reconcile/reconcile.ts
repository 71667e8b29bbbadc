/**
 * Checks the invariants over all modules of a running system.
 *
 * Modules are read one after the other, so an order that moves in between seems to contradict itself. Whatever looks
 * wrong is therefore read again, with growing pauses; it is a violation when it is still wrong and nothing about it has
 * changed since the look before. What keeps changing is in flight. A module that does not answer fails the whole check
 * (`RpcUnavailable`): half an answer would look like a clean one.
 */
import { stockFacts } from "../../../modules/inventory/contract.ts";
import { lostOrders } from "../../../modules/order/contract.ts";
import { couponUseFacts } from "../../../modules/pricing/contract.ts";
import type { Clock } from "../../clock.ts";
import type { RpcClient } from "../../rpc/port.ts";
import type { Scheduler } from "../../scheduler.ts";
import { couponViolation } from "./judge-coupon.ts";
import { judgeOrder } from "./judge-order.ts";
import { judgeStock } from "./judge-stock.ts";
import { type OrderView, readAgain, readWindow } from "./order-view.ts";
import type { Violation } from "./violation.ts";

export interface ReconcileDeps {
  readonly rpc: RpcClient;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

export interface Reconciliation {
  readonly ok: boolean;
  /** At most `VIOLATION_LIMIT` of them. */
  readonly violations: readonly Violation[];
  /** RFC 3339. */
  readonly checkedAt: string;
  readonly checked: {
    readonly orders: number;
    readonly inFlight: number;
    /** Orders with a dead letter: they wait for an operator. */
    readonly parked: number;
    /** SKUs by warehouse. */
    readonly stocks: number;
    /** All of them, also those beyond the limit. */
    readonly violations: number;
  };
}

export const VIOLATION_LIMIT = 1000;
const LOOK_AGAIN_AFTER_MS = [250, 500, 1000, 2000] as const;
/** Each page reads all movements of its SKUs and the reservations behind them, in one statement that has 5 s. */
const SKUS = 100;
const CODES = 500;
const KEYS = 5_000;
const TIMEOUT_MS = 15_000;

/** Reads everything once, and what looks wrong again. Rejects with `RpcUnavailable` when a module does not answer. */
export async function reconcile(deps: ReconcileDeps): Promise<Reconciliation> {
  const { rpc, clock } = deps;
  const counts = { orders: 0, inFlight: 0, parked: 0, stocks: 0, violations: 0 };
  const violations: Violation[] = [];
  const add = (found: readonly Violation[]) => {
    counts.violations += found.length;
    violations.push(...found.slice(0, VIOLATION_LIMIT - violations.length));
  };

  let after: string | null = null;
  do {
    const { views, subscriptions, next } = await readWindow(rpc, after);
    const suspects: OrderView[] = [];
    for (const view of views) {
      const { state, violations: found } = judgeOrder(view, subscriptions, clock.now());
      counts.orders++;
      if (state === "in flight") counts.inFlight++;
      if (state === "parked") counts.parked++;
      if (found.length > 0) suspects.push(view);
    }
    add(await confirmed(deps, suspects));
    after = next;
  } while (after !== null);

  let afterScope: string | null = null;
  do {
    const page: { readonly lastScope: string | null; readonly orderIds: readonly string[] } = await rpc.call(
      lostOrders,
      { afterScope, limit: KEYS },
      { timeoutMs: TIMEOUT_MS },
    );
    add(
      page.orderIds.map((id) => ({
        invariant: "orders",
        subject: `order ${id}`,
        detail: "it was acknowledged, and there is no such order",
      })),
    );
    afterScope = page.lastScope;
  } while (afterScope !== null);

  let afterSku: string | null = null;
  do {
    const page: { readonly lastSku: string | null; readonly items: readonly Parameters<typeof judgeStock>[0][] } =
      await rpc.call(stockFacts, { afterSku, skus: SKUS }, { timeoutMs: TIMEOUT_MS });
    counts.stocks += page.items.length;
    add(page.items.flatMap(judgeStock));
    afterSku = page.lastSku;
  } while (afterSku !== null);

  let afterCode: string | null = null;
  do {
    const page: { readonly lastCode: string | null; readonly wrong: readonly Parameters<typeof couponViolation>[0][] } =
      await rpc.call(couponUseFacts, { afterCode, codes: CODES }, { timeoutMs: TIMEOUT_MS });
    add(page.wrong.map(couponViolation));
    afterCode = page.lastCode;
  } while (afterCode !== null);

  return {
    ok: counts.violations === 0,
    violations,
    checkedAt: new Date(clock.now()).toISOString(),
    checked: counts,
  };
}

/** What is still wrong with the suspects when they stand still. */
async function confirmed(
  { rpc, clock, scheduler }: ReconcileDeps,
  suspects: readonly OrderView[],
): Promise<Violation[]> {
  const found: Violation[] = [];
  let open = suspects;
  for (const pauseMs of LOOK_AGAIN_AFTER_MS) {
    if (open.length === 0) break;
    await scheduler.sleep(pauseMs);
    const before = new Map(open.map((view) => [view.key, JSON.stringify(view)]));
    const moving: OrderView[] = [];
    const { views, subscriptions } = await readAgain(rpc, [...before.keys()]);
    for (const view of views) {
      const { violations } = judgeOrder(view, subscriptions, clock.now());
      if (violations.length === 0) continue;
      if (JSON.stringify(view) === before.get(view.key)) found.push(...violations);
      else moving.push(view);
    }
    open = moving;
  }
  return found;
}
