/**
 * Reservations: all lines of an order or none. Held until `order` says that they are firm, released or shipped; what was
 * shipped may come back. A command that finds its work done already has no second effect, and an undo is answered again.
 * One that does not fit the reservation's status is a bug, and throws: what has left the house cannot be released.
 */
import { message } from "../../runtime/messages/contract.ts";
import {
  type Decision,
  type DecisionContext,
  type Entry,
  on,
  type SharedMessage,
} from "../../runtime/messages/decision.ts";
import { inventoryCommands, inventoryEvents } from "./contract.ts";
import { tellLowStock } from "./low-stock.ts";
import { movementEntry, unitChanges } from "./movement.ts";
import { available, changeFigures, DEFAULT_WAREHOUSE, type SkuStock, takeable } from "./stock.ts";

export type ReservationStatus = "HELD" | "FIRM" | "RELEASED" | "REFUSED" | "SHIPPED" | "RETURNED";

/** Units of a SKU that stand in one warehouse for an order. */
export interface Allocation {
  readonly sku: string;
  readonly warehouse: string;
  readonly quantity: number;
}

/** What an order holds of the stock. */
export interface Reservation {
  readonly orderId: string;
  readonly status: ReservationStatus;
  readonly allocations: readonly Allocation[];
}

type Context = DecisionContext<SkuStock>;
type Outcome = Decision<Reservation, SkuStock>;

/** Quantities by SKU: two lines that share one count together. */
export function wantedBySku(lines: readonly { readonly sku: string; readonly quantity: number }[]) {
  const wanted = new Map<string, number>();
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
  return wanted;
}

/**
 * Takes from the fullest warehouse first (ties: by name), so that few parcels are needed. What no warehouse has is owed
 * by the default one, where units come in, or by the first by name where the SKU has none there.
 */
export function allocate(stock: SkuStock, quantity: number): Allocation[] {
  const fullestFirst = [...stock.warehouses].sort(
    (a, b) => available(b) - available(a) || (a.warehouse < b.warehouse ? -1 : 1),
  );
  const allocations: Allocation[] = [];
  let left = quantity;
  for (const warehouse of fullestFirst) {
    const taken = Math.min(left, Math.max(0, available(warehouse)));
    if (taken > 0) allocations.push({ sku: stock.sku, warehouse: warehouse.warehouse, quantity: taken });
    left -= taken;
  }
  return left > 0 ? withOwed(stock, allocations, left) : allocations;
}

function withOwed({ sku, warehouses }: SkuStock, allocations: readonly Allocation[], owed: number): Allocation[] {
  const names = warehouses.map(({ warehouse }) => warehouse).sort();
  const [first] = names;
  const owes = names.includes(DEFAULT_WAREHOUSE) ? DEFAULT_WAREHOUSE : first;
  if (owes === undefined) return [...allocations];
  const taken = allocations.find(({ warehouse }) => warehouse === owes)?.quantity ?? 0;
  const others = allocations.filter(({ warehouse }) => warehouse !== owes);
  return [...others, { sku, warehouse: owes, quantity: taken + owed }];
}

function reserve(orderId: string, wanted: ReadonlyMap<string, number>, context: Context): Outcome {
  const shortSkus = [...wanted].flatMap(([sku, quantity]) => {
    const stock = context.shared.get(sku);
    return !stock || takeable(stock) < quantity ? [sku] : [];
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
    ...move(orderId, allocations, "RESERVE", context),
    messages: [message(inventoryEvents.StockReserved, {})],
  };
}

function release(reservation: Reservation, context: Context): Outcome {
  const messages = [message(inventoryEvents.StockReleased, {})];
  if (reservation.status === "RELEASED" || reservation.status === "REFUSED") return { state: reservation, messages };
  if (reservation.status !== "HELD" && reservation.status !== "FIRM")
    throw new Error(`cannot release a reservation that is ${reservation.status}`);
  return {
    state: { ...reservation, status: "RELEASED" },
    ...move(reservation.orderId, reservation.allocations, "RELEASE", context),
    messages,
  };
}

/** The reservation's next status and what its units do on the way there; nothing where that has been done before. */
function advance(
  reservation: Reservation | undefined,
  { from, to, type }: { from: readonly ReservationStatus[]; to: ReservationStatus; type: keyof typeof unitChanges },
  context: Context,
): Outcome {
  if (reservation?.status === to) return {};
  if (!reservation || !from.includes(reservation.status))
    throw new Error(`no ${type} of a reservation that is ${reservation?.status}`);
  return {
    state: { ...reservation, status: to },
    ...move(reservation.orderId, reservation.allocations, type, context),
  };
}

/** The changed stock, the movements that explain it, and what runs low by it. */
function move(
  orderId: string,
  allocations: readonly Allocation[],
  type: keyof typeof unitChanges,
  context: Context,
): Pick<Outcome, "shared" | "entries" | "sharedMessages"> {
  const shared = new Map<string, SkuStock>();
  const entries: Entry[] = [];
  for (const { sku, warehouse, quantity } of allocations) {
    const stock = shared.get(sku) ?? context.shared.get(sku);
    if (!stock) throw new Error(`stock of ${sku} was not locked`);
    const onHand = unitChanges[type].onHand * quantity;
    const reserved = unitChanges[type].reserved * quantity;
    shared.set(sku, changeFigures(stock, warehouse, { onHand, reserved }));
    const place = { id: context.ids.next(), sku, warehouse, type, at: context.now };
    entries.push(movementEntry({ ...place, onHandDelta: onHand, reservedDelta: reserved, orderId, reason: null }));
  }
  const sharedMessages: SharedMessage[] = [];
  for (const [sku, after] of shared) {
    const told = tellLowStock(context.shared.get(sku) ?? after, after);
    shared.set(sku, told.stock);
    sharedMessages.push(...told.sharedMessages);
  }
  return { shared, entries, sharedMessages };
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
      // The reservation was discarded before: nothing is held, and nothing will be.
      return release(reservation ?? { orderId: context.key, status: "RELEASED", allocations: [] }, context);
    },
    { shares: skusOf, urgency: "background" },
  ),
  on<Reservation, object, SkuStock>(
    inventoryCommands.ShipStock,
    (reservation, _data, context) =>
      // That it is firm changes no figure: a parcel that has left takes its units with it all the same.
      advance(reservation, { from: ["HELD", "FIRM"], to: "SHIPPED", type: "SHIP" }, context),
    { shares: skusOf, urgency: "background" },
  ),
  on<Reservation, object, SkuStock>(
    inventoryCommands.RestockReturned,
    (reservation, _data, context) =>
      advance(reservation, { from: ["SHIPPED"], to: "RETURNED", type: "RETURN" }, context),
    { shares: skusOf, urgency: "background" },
  ),
];
