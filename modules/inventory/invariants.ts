/** What no decision on the stock may break, whichever command it answers. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import type { ReservationStatus } from "./reservation.ts";
import { checkFigures, type SkuStock } from "./stock.ts";
import type { Reservation } from "./store.ts";

/** Where a reservation may go from each status; it may also stay. */
const transitions: Readonly<Record<ReservationStatus, readonly ReservationStatus[]>> = {
  HELD: ["FIRM", "RELEASED"],
  FIRM: ["RELEASED"],
  RELEASED: [],
  REFUSED: [],
};

/** A figure never changes without the movement that explains it, nor the other way round. */
export const stockInvariants: DecisionInvariants<Reservation, SkuStock> = (before, decision, shared) => {
  const { state, entries = [], shared: changed = new Map<string, SkuStock>() } = decision;
  if (before && state) {
    const { status } = state;
    invariant(
      status === before.status || transitions[before.status].includes(status),
      () => `the reservation of ${before.orderId} cannot go from ${before.status} to ${status}`,
    );
    invariant(state.allocations === before.allocations, () => `the allocations of ${before.orderId} are not kept`);
  }
  const unexplained = new Map<string, number>();
  for (const [sku, stock] of changed) {
    for (const each of stock.warehouses) checkFigures(sku, each);
    unexplained.set(sku, reservedOf(stock) - reservedOf(shared.get(sku)));
  }
  for (const { row } of entries) {
    const sku = String(row.sku);
    unexplained.set(sku, (unexplained.get(sku) ?? 0) - Number(row.reservedDelta));
  }
  for (const [sku, units] of unexplained)
    invariant(units === 0, () => `${units} reserved units of ${sku} are explained by no movement`);
};

const reservedOf = (stock: SkuStock | undefined) => {
  let units = 0;
  for (const { reserved } of stock?.warehouses ?? []) units += reserved;
  return units;
};
