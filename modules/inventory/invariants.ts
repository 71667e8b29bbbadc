/** What no decision on the stock may break, whichever command it answers. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import type { Reservation, ReservationStatus } from "./reservation.ts";
import { checkFigures, type SkuStock, type StockFigures } from "./stock.ts";

/** Where a reservation may go from each status; it may also stay. */
const transitions: Readonly<Record<ReservationStatus, readonly ReservationStatus[]>> = {
  HELD: ["FIRM", "RELEASED", "SHIPPED"],
  FIRM: ["RELEASED", "SHIPPED"],
  SHIPPED: ["RETURNED"],
  RELEASED: [],
  REFUSED: [],
  RETURNED: [],
};

/** A figure never changes without the movement that explains it, nor the other way round. */
export const stockInvariants: DecisionInvariants<Reservation, SkuStock> = (before, decision, shared) => {
  const { state, entries = [], shared: changed = new Map<string, SkuStock>() } = decision;
  if (before && state)
    invariant(
      state.status === before.status || transitions[before.status].includes(state.status),
      () => `the reservation of ${before.orderId} cannot go from ${before.status} to ${state.status}`,
    );
  const unexplained = new Map<string, StockFigures>();
  /** Adds to what is unexplained of one SKU in one warehouse. */
  const add = (sku: string, warehouse: string, by: StockFigures, sign: 1 | -1) => {
    const name = `${sku} in ${warehouse}`;
    const { onHand, reserved } = unexplained.get(name) ?? { onHand: 0, reserved: 0 };
    unexplained.set(name, { onHand: onHand + sign * by.onHand, reserved: reserved + sign * by.reserved });
  };
  for (const [sku, stock] of changed) {
    for (const each of stock.warehouses) checkFigures(stock, each);
    for (const each of stock.warehouses) add(sku, each.warehouse, each, 1);
    for (const each of shared.get(sku)?.warehouses ?? []) add(sku, each.warehouse, each, -1);
  }
  for (const { row } of entries)
    add(
      String(row.sku),
      String(row.warehouse),
      { onHand: Number(row.onHandDelta), reserved: Number(row.reservedDelta) },
      -1,
    );
  for (const [name, { onHand, reserved }] of unexplained)
    invariant(
      onHand === 0 && reserved === 0,
      () => `${onHand} units on hand and ${reserved} reserved units of ${name} are explained by no movement`,
    );
};
