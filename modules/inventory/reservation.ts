/**
 * Reservations: all lines of an order or none. Held until `order` says that they are firm, released or shipped; a
 * command that finds the reservation ended already answers the same again, so an undo may come twice.
 */
import { message } from "../../runtime/messages/contract.ts";
import { type Decision, type DecisionContext, type Entry, on } from "../../runtime/messages/decision.ts";
import { inventoryCommands, inventoryEvents } from "./contract.ts";
import { available, changeReserved, type SkuStock, totalAvailable } from "./stock.ts";
import type { Reservation } from "./store.ts";

export type ReservationStatus = "HELD" | "FIRM" | "RELEASED" | "REFUSED";

/** Units of a SKU that stand in one warehouse for an order. */
export interface Allocation {
  readonly sku: string;
  readonly warehouse: string;
  readonly quantity: number;
}

type Context = DecisionContext<SkuStock>;
type Outcome = Decision<Reservation, SkuStock>;

/** Quantities by SKU: two lines that share one count together. */
export function wantedBySku(lines: readonly { readonly sku: string; readonly quantity: number }[]) {
  const wanted = new Map<string, number>();
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
  return wanted;
}

/** Takes from the fullest warehouse first (ties: by name), so that few parcels are needed. */
export function allocate(stock: SkuStock, quantity: number): Allocation[] {
  const fullestFirst = [...stock.warehouses].sort(
    (a, b) => available(b) - available(a) || (a.warehouse < b.warehouse ? -1 : 1),
  );
  const allocations: Allocation[] = [];
  let left = quantity;
  for (const warehouse of fullestFirst) {
    const taken = Math.min(left, available(warehouse));
    if (taken > 0) allocations.push({ sku: stock.sku, warehouse: warehouse.warehouse, quantity: taken });
    left -= taken;
  }
  return allocations;
}

function reserve(orderId: string, wanted: ReadonlyMap<string, number>, context: Context): Outcome {
  const shortSkus = [...wanted].flatMap(([sku, quantity]) => {
    const stock = context.shared.get(sku);
    return !stock || totalAvailable(stock) < quantity ? [sku] : [];
  });
  if (shortSkus.length > 0)
    return {
      state: { orderId, status: "REFUSED", allocations: [] },
      messages: [message(inventoryEvents.StockRefused, { shortSkus })],
    };
  const allocations = [...wanted].flatMap(([sku, quantity]) => {
    const stock = context.shared.get(sku);
    return stock ? allocate(stock, quantity) : [];
  });
  return {
    state: { orderId, status: "HELD", allocations },
    ...move(orderId, allocations, "RESERVE", 1, context),
    messages: [message(inventoryEvents.StockReserved, {})],
  };
}

function release(reservation: Reservation, context: Context): Outcome {
  const messages = [message(inventoryEvents.StockReleased, {})];
  if (reservation.status === "RELEASED" || reservation.status === "REFUSED") return { state: reservation, messages };
  return {
    state: { ...reservation, status: "RELEASED" },
    ...move(reservation.orderId, reservation.allocations, "RELEASE", -1, context),
    messages,
  };
}

/** The changed stock and the movements that explain it. */
function move(
  orderId: string,
  allocations: readonly Allocation[],
  type: "RESERVE" | "RELEASE",
  sign: 1 | -1,
  context: Context,
): Pick<Outcome, "shared" | "entries"> {
  const shared = new Map<string, SkuStock>();
  const entries: Entry[] = [];
  for (const { sku, warehouse, quantity } of allocations) {
    const stock = shared.get(sku) ?? context.shared.get(sku);
    if (!stock) throw new Error(`stock of ${sku} was not locked`);
    const reservedDelta = sign * quantity;
    shared.set(sku, changeReserved(stock, warehouse, reservedDelta));
    entries.push({
      table: "movement",
      row: { id: context.ids.next(), sku, warehouse, type, onHandDelta: 0, reservedDelta, at: context.now, orderId },
    });
  }
  return { shared, entries };
}

const skusOf = (reservation: Reservation | undefined) => reservation?.allocations.map(({ sku }) => sku) ?? [];

/** Handlers of `inventory.commands`. */
export const reservationHandlers = [
  on<Reservation, { lines: { sku: string; quantity: number }[] }, SkuStock>(
    inventoryCommands.ReserveStock,
    (reservation, { lines }, context) => (reservation ? {} : reserve(context.key, wantedBySku(lines), context)),
    { shares: (_reservation, { lines }) => lines.map(({ sku }) => sku) },
  ),
  on<Reservation, object, SkuStock>(
    inventoryCommands.ConfirmStock,
    (reservation) => {
      if (reservation?.status !== "HELD")
        throw new Error(`cannot make a reservation firm that is ${reservation?.status}`);
      return { state: { ...reservation, status: "FIRM" } };
    },
    { urgency: "background" },
  ),
  on<Reservation, object, SkuStock>(
    inventoryCommands.ReleaseStock,
    (reservation, _data, context) => {
      if (!reservation) throw new Error("cannot release what was never asked for");
      return release(reservation, context);
    },
    { shares: skusOf, urgency: "background" },
  ),
];
