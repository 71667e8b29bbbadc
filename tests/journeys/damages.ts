/**
 * Damage to the platform's data, at least one for each rule of reconcile: on which kind of order, and how reconcile must
 * name it. Each has an order, SKU or coupon of its own, so that all can be there at once.
 */
import {
  bothOf,
  COUPON,
  CUSTOMER,
  charge,
  doubled,
  FUTURE,
  gone,
  hold,
  letter,
  lost,
  mark,
  NOBODY,
  outboxRow,
  PAST,
  SETTLED,
  set,
  shipmentFor,
  stock,
  timer,
  twoCharges,
  UNHELD,
  uses,
} from "./damage.ts";

/** How an order stands that is damaged. */
export type Kind =
  | "sold"
  | "sold with a coupon"
  | "refused"
  | "cancelled"
  | "shipped"
  | "delivered"
  | "returned"
  | "returning";

export interface Damage {
  readonly name: string;
  /** The kind of the order that it is done to; null: of something else. */
  readonly to: Kind | null;
  readonly invariant: string;
  /** What it is named with, if not with its order. */
  readonly subject?: string;
  /** A part of what reconcile says, which no other rule does. */
  readonly says: string;
  /** SQL of the superuser; `id` is the order's. */
  readonly harm: (id: string) => string;
}

type Row = readonly [name: string, to: Kind | null, says: string, harm: Damage["harm"], subject?: string];

const BY_INVARIANT: Readonly<Record<string, readonly Row[]>> = {
  stock: [
    [
      "units vanish from the shelf",
      null,
      "its movements give",
      stock("on_hand = on_hand - 3", "SKU-011"),
      "stock SKU-011 in main",
    ],
    [
      "units are reserved for nobody",
      null,
      "but orders hold",
      stock("reserved = reserved + 1", "SKU-012"),
      "stock SKU-012 in main",
    ],
    [
      "a movement is lost",
      null,
      "its movements give 0 and 0",
      () => "delete from inventory.movement where sku = 'SKU-013'",
      "stock SKU-013 in main",
    ],
    [
      "a stock row is lost",
      null,
      "there is no stock row",
      () => "delete from inventory.stock where sku = 'SKU-014'",
      "stock SKU-014 in main",
    ],
    [
      "more is reserved than there is",
      null,
      "501 reserved of 500",
      () =>
        `alter table inventory.stock drop constraint stock_never_oversold; ${stock("reserved = on_hand + 1", "SKU-015")()}`,
      "stock SKU-015 in main",
    ],
    [
      "a sold order's stock was given back",
      "sold",
      "its reservation RELEASED",
      set("reservation", "status = 'RELEASED'"),
    ],
    ["a sold order's stock was never made firm", "sold", "its reservation HELD", set("reservation", "status = 'HELD'")],
    [
      "a sold order's stock has left before its parcel",
      "sold",
      "its reservation SHIPPED",
      set("reservation", "status = 'SHIPPED'"),
    ],
    ["a sold order's reservation is lost", "sold", "its reservation is missing", lost("reservation", "inventory")],
    [
      "a reservation is for more than was sold",
      "sold",
      "its reservation for 4 SKU-001",
      doubled("reservation", "allocations"),
    ],
    [
      "a parcel left without its stock",
      "shipped",
      "it is SHIPPED, its reservation FIRM",
      set("reservation", "status = 'FIRM'"),
    ],
    [
      "a parcel arrived without its stock",
      "delivered",
      "it is DELIVERED, its reservation FIRM",
      set("reservation", "status = 'FIRM'"),
    ],
    [
      "what came back was not restocked",
      "returned",
      "it is RETURNED, its reservation SHIPPED",
      set("reservation", "status = 'SHIPPED'"),
    ],
    [
      "a cancelled order holds its stock",
      "cancelled",
      "it is CANCELLED, its reservation FIRM",
      set("reservation", "status = 'FIRM'"),
    ],
    [
      "an order whose money was settled by hand holds its stock",
      "cancelled",
      "its reservation HELD",
      bothOf(SETTLED, set("reservation", "status = 'HELD'")),
    ],
  ],
  money: [
    ["a second charge", "sold", "2 effective charges", twoCharges],
    [
      "a charge is gone from the provider's books",
      "sold",
      "the provider's books say 0",
      (id) => `delete from payment_simulator.charge where key like '${id}:%'`,
    ],
    ["a charge in another currency", "sold", "the provider's books say", charge("currency = 'TWD'")],
    [
      "the provider has given back what was sold",
      "shipped",
      "the provider's books say 0",
      charge("refunded = captured"),
    ],
    ["a refused order is charged", "refused", "its payment DECLINED over", set("payment", "authorised = amount")],
    ["more captured than authorised", "sold", "does not hold", set("payment", "captured = authorised + 1")],
    ["more authorised than asked for", "sold", "does not hold", set("payment", "authorised = amount + 1")],
    ["less than nothing was refunded", "sold", "0 ≤ refunded -1", set("payment", "refunded = -1")],
    ["an order's lines do not add up", "sold", "its lines add up to", set("order", "subtotal = subtotal + 1")],
    ["an order's total is not what it says", "sold", "is not its total of", set("order", "shipping = shipping + 1")],
    [
      "a line's total is not what it says",
      "sold",
      "of its line SKU-001",
      set("order", "items = jsonb_set(items::jsonb, '{0,total}', '1')::json"),
    ],
    ["a payment is lost", "sold", "there is no payment", gone("payment")],
    [
      "a payment over another amount",
      "sold",
      "its payment AUTHORISED over",
      set("payment", "amount = amount + 1, authorised = authorised + 1"),
    ],
    [
      "a payment in another currency, settled by hand or not",
      "cancelled",
      "TWD",
      bothOf(SETTLED, set("payment", "currency = 'TWD'")),
    ],
    [
      "a payment is at work, and nothing is under way",
      "sold",
      "its payment is at work",
      set("payment", "work = 'void'"),
    ],
    [
      "a parcel left unpaid",
      "shipped",
      "its payment AUTHORISED over",
      set("payment", "status = 'AUTHORISED', captured = 0"),
    ],
    [
      "a part of what was sold was given back",
      "delivered",
      "its payment CAPTURED over",
      set("payment", "refunded = 1"),
    ],
    [
      "a part of what came back was not refunded",
      "returned",
      "its payment REFUNDED over 1 of",
      set("payment", "refunded = refunded - 1"),
    ],
    [
      "a cancelled order is still authorised",
      "cancelled",
      "its payment VOIDED over",
      set("payment", "authorised = amount"),
    ],
    ["a sold order's coupon was not used", "sold with a coupon", "whose use is HELD", set("hold", "status = 'HELD'")],
    [
      "a sold order's coupon was given back",
      "sold with a coupon",
      "whose use is RELEASED",
      set("hold", "status = 'RELEASED'"),
    ],
    [
      "a sold order's coupon is another one",
      "sold with a coupon",
      `with ${COUPON}, whose use is USED`,
      set("hold", "code = 'SHIPFREE'"),
    ],
    ["a sold order's use of its coupon is lost", "sold with a coupon", "whose use is missing", lost("hold", "pricing")],
    ["a cancelled order holds its coupon", "cancelled", "whose use is HELD", set("hold", "status = 'HELD'")],
    ["a cancelled order has used its coupon", "cancelled", "whose use is USED", set("hold", "status = 'USED'")],
    ["a coupon is used for an order without one", "sold", "it has no coupon, and a use of", hold("USED")],
    [
      "a coupon is held for no order, and for ever",
      null,
      "nothing will give the use up",
      () => hold("HELD")(NOBODY[0]),
      `order ${NOBODY[0]}`,
    ],
    [
      "a use of a coupon is counted twice",
      null,
      "2 uses are counted, and orders hold or have used 1",
      uses("uses = uses + 1", "FEW1", ""),
      "coupon FEW1",
    ],
    [
      "a customer's use of a coupon is not counted",
      null,
      "0 uses are counted, and orders hold or have used 1",
      uses("uses = 0", "FEW2", CUSTOMER),
      `coupon FEW2 of ${CUSTOMER}`,
    ],
    [
      "a coupon's count is lost",
      null,
      "no uses are counted",
      () => "delete from pricing.coupon_uses where code = 'FEW3' and customer_id = ''",
      "coupon FEW3",
    ],
    [
      "a coupon is used more often than it may",
      null,
      "used 1 of 0",
      () => "update pricing.coupon set total_limit = 0 where code = 'FEW4'",
      "coupon FEW4",
    ],
  ],
  orders: [
    ["an order is lost, and others have done something for it", "sold", "and there is no such order", gone("order")],
    ["an acknowledged order is lost", "sold", "it was acknowledged", gone("order")],
    [
      "a coupon is used for no order",
      null,
      "pricing did something for it",
      () => hold("USED")(NOBODY[1]),
      `order ${NOBODY[1]}`,
    ],
    [
      "an order that nothing moves on",
      "sold",
      "the timer shipment-deadline that it waits with is gone",
      set("order", "stage = 'CONFIRMED'"),
    ],
    [
      "the end of a return window is lost",
      "delivered",
      "the timer return-window that it waits with is gone",
      (id) => `delete from "order".timer where key = '${id}'`,
    ],
    [
      "a timer of a wait that is over",
      "sold",
      "waits no more for the timer placement-deadline",
      timer('"order"', "placement-deadline", FUTURE),
    ],
    [
      "a deadline that passed unheard",
      "sold",
      "the timer placement-deadline of order is",
      timer('"order"', "placement-deadline", PAST),
    ],
    ["a hole in a history", "sold", "entries up to number", gone("history", "sequence = 2")],
    [
      "a history of another end",
      "sold",
      "its history ends in PENDING",
      (id) =>
        `update "order".history h set data = jsonb_set(data::jsonb, '{status}', '"PENDING"')::json where order_id = '${id}' and sequence = (select max(sequence) from "order".history where order_id = h.order_id)`,
    ],
    [
      "a dispatch that the order has not heard of",
      "sold",
      "dispatch it once more",
      set("shipment", "dispatch_asked_at = now()"),
    ],
  ],
  once: [
    ["a shipment is lost", "sold", "there is no shipment", gone("shipment")],
    ["a refused order is shipped", "refused", "a shipment that is SCHEDULED", shipmentFor],
    [
      "a sold order's parcel has left",
      "sold",
      "it is FULFILLING, and there is a shipment that is DISPATCHED",
      set("shipment", "status = 'DISPATCHED'"),
    ],
    [
      "a shipped order's parcel has not left",
      "shipped",
      "it is SHIPPED, and there is a shipment that is SCHEDULED",
      set("shipment", "status = 'SCHEDULED'"),
    ],
    [
      "an order does not know that its parcel has arrived",
      "shipped",
      "it is SHIPPED, and there is a shipment that is DELIVERED",
      set("shipment", "status = 'DELIVERED'"),
    ],
    [
      "a delivered order's parcel has not arrived",
      "delivered",
      "it is DELIVERED, and there is a shipment that is IN_TRANSIT",
      set("shipment", "status = 'IN_TRANSIT'"),
    ],
    [
      "an order does not know that its parcel is back",
      "returning",
      "it is RETURNING, and there is a shipment that is RETURNED",
      set("shipment", "status = 'RETURNED'"),
    ],
    [
      "a returned order's parcel is still on its way",
      "returned",
      "it is RETURNED, and there is a shipment that is RETURNING",
      set("shipment", "status = 'RETURNING'"),
    ],
    [
      "a cancelled order's parcel is still to be fetched",
      "cancelled",
      "it is CANCELLED, and there is a shipment that is SCHEDULED",
      set("shipment", "status = 'SCHEDULED'"),
    ],
    ["a parcel holds more than was sold", "sold", "its shipment for 4 SKU-001", doubled("shipment", "lines")],
    ["somebody was told twice", "sold", "twice", set("notices", "notices = (notices::jsonb || notices::jsonb)::json")],
    ["nobody was told", "sold", "nobody was told", set("notices", "notices = '[]'")],
  ],
  sequence: [
    ["a message that was never handled", "sold", "waits nowhere", mark(-1)],
    ["a message that was handled and never sent", "sold", "were sent", mark(+1)],
  ],
  agreement: [
    ["a dead letter of a message that nobody sent", "sold", "has parked number 9 of", letter(9, "threw")],
    ["a dead letter behind nothing", "sold", "behind one that is not parked", letter(9, "behind")],
    ["an outbox row where nobody looks", "sold", "number 1 of", outboxRow(1)],
    ["an outbox row that nobody numbered", "sold", "was never given out", outboxRow(8)],
    [
      "a timer where nobody looks",
      "sold",
      "carrier stands in a shard of delivery",
      timer("delivery", "carrier", FUTURE),
    ],
    [
      "a call where nobody looks",
      "sold",
      "void stands in a shard of payment",
      (id) =>
        `insert into payment.call_intent (shard, id, key, kind, request) values (${UNHELD}, '01900000-0000-7000-8000-000000000001', '${id}', 'void', '{}')`,
    ],
  ],
};

export const DAMAGES: readonly Damage[] = Object.entries(BY_INVARIANT).flatMap(([invariant, rows]) =>
  rows.map(([name, to, says, harm, subject]) => ({
    name,
    to,
    invariant,
    says,
    harm,
    ...(subject === undefined ? {} : { subject }),
  })),
);
