/**
 * Adjustments: an operator books units in or out of a warehouse. The key of each is its movement's id, so it has no
 * aggregate of its own. Whether it would go below zero is decided on the locked stock, in the commit that does it.
 */
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import { tellLowStock } from "./low-stock.ts";
import { type Movement, movementEntry } from "./movement.ts";
import type { Reservation } from "./reservation.ts";
import { available, changeFigures, isCovered, MOST_UNITS, type SkuStock } from "./stock.ts";

export interface Adjustment {
  readonly sku: string;
  readonly warehouse: string;
  /** Units that come in, or leave where it is negative. */
  readonly delta: number;
  readonly reason: string;
}

/** `refused` says why; `unknown`: there is no such SKU. */
export type AdjustmentAnswer =
  | { readonly kind: "adjusted"; readonly movement: Movement }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unknown" };

type Decided = Decision<Reservation, SkuStock> & { readonly answer: AdjustmentAnswer };

const refused = (why: string): Decided => ({ answer: { kind: "refused", why } });

export const adjustStock: Command<Reservation, SkuStock, Adjustment, AdjustmentAnswer> = {
  name: "adjust-stock",
  sharedOnly: true,
  shares: (_state, { sku }) => [sku],
  decide(_state, { sku, warehouse, delta, reason }, { key, now, shared }): Decided {
    const stock = shared.get(sku);
    if (!stock) return { answer: { kind: "unknown" } };
    const figures = stock.warehouses.find((each) => each.warehouse === warehouse);
    if (!figures) return refused(`${warehouse} has no unit of ${sku}: nothing can leave it.`);
    const onHand = figures.onHand + delta;
    const isShort = delta < 0 && (onHand < 0 || !isCovered({ ...figures, onHand }, stock));
    if (isShort)
      return refused(
        `${warehouse} has ${figures.onHand} of ${sku} on hand, ${figures.reserved} of them reserved for orders: at most ${Math.max(0, available(figures))} can leave it.`,
      );
    if (onHand > MOST_UNITS) return refused(`A warehouse holds at most ${MOST_UNITS} units of a SKU.`);
    const movement: Movement = {
      id: key,
      sku,
      warehouse,
      type: "ADJUST",
      onHandDelta: delta,
      reservedDelta: 0,
      at: now,
      orderId: null,
      reason,
    };
    const told = tellLowStock(stock, changeFigures(stock, warehouse, { onHand: delta, reserved: 0 }));
    return {
      shared: new Map([[sku, told.stock]]),
      entries: [movementEntry(movement)],
      sharedMessages: told.sharedMessages,
      answer: { kind: "adjusted", movement },
    };
  },
};
