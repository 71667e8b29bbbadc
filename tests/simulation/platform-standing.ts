/**
 * What an order that needs nothing more must have left with the other modules and with those whom the platform works
 * with: money, stock, parcel, coupon, notices; and whether what was promised about it was kept.
 */
import type { Contents } from "./platform-contents.ts";
import { booksOf } from "./platform-payments.ts";
import type { Placed } from "./platform-shoppers.ts";

type Order = Contents["orders"][number];

/** Every violation, one sentence each; `own` is what belongs to the order. */
export const standingViolations = (order: Order, own: Contents, placed: readonly Placed[]): string[] => [
  ...moneyOf(order, own),
  ...booksOf(order.id, own),
  ...stockOf(order, own),
  ...parcelsOf(order, own),
  ...couponOf(order, own),
  ...noticesOf(order, own),
  ...tokenOf(order),
  ...promisesOf(order, own, placed),
];

/** What the other modules must hold of an order that needs nothing more. */
interface Standing {
  readonly charged: boolean;
  readonly captured: boolean;
  readonly payment: readonly string[];
  readonly reservation: readonly string[];
  readonly shipment: readonly string[];
}

const NO_SHIPMENT = "none";

const SOLD: Standing = {
  charged: true,
  captured: false,
  payment: ["AUTHORISED"],
  reservation: ["FIRM"],
  shipment: ["SCHEDULED"],
};

const LEFT: Standing = {
  charged: true,
  captured: true,
  payment: ["CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED"],
  reservation: ["SHIPPED"],
  shipment: ["DISPATCHED", "IN_TRANSIT", "FAILED", "DELIVERED"],
};

const UNDONE: Standing = {
  charged: false,
  captured: false,
  payment: ["VOIDED", "DECLINED", "REFUNDED"],
  reservation: ["RELEASED", "REFUSED"],
  shipment: [NO_SHIPMENT, "CANCELLED"],
};

const STANDINGS: Readonly<Record<string, Standing>> = {
  FULFILLING: SOLD,
  SHIPPED: LEFT,
  COMPLETED: LEFT,
  REJECTED: UNDONE,
  EXPIRED: UNDONE,
  CANCELLED: UNDONE,
  RETURNED: {
    charged: false,
    captured: true,
    payment: ["REFUNDED"],
    reservation: ["RETURNED"],
    shipment: ["DELIVERED", "RETURNED"],
  },
  // Its capture has failed: an operator has to say what becomes of it.
  NEEDS_ATTENTION: { ...SOLD, payment: ["AUTHORISED", "VOIDED"] },
};

function standingOf({ id, status }: Order): Standing {
  const standing = STANDINGS[status];
  if (standing === undefined) throw new Error(`order ${id} was judged though it is ${status}`);
  return standing;
}

const isSold = (order: Order) => STANDINGS[order.status] === SOLD;

export const hasLeft = ({ stage }: Order) => stage === "SHIPPED" || stage === "DELIVERED" || stage === "COMPLETED";

/** Taken by the provider and not given back. */
export const isEffective = ({ status, captured, refunded }: Contents["charges"][number]) =>
  status === "authorised" && (captured === 0 || refunded < captured);

/** What of a sale that stands is to be kept: operators may have given some of it back. */
const soldFor = ({ total }: Order, payment: Contents["payments"][number] | undefined) =>
  total - (payment?.manuallyRefunded ?? 0);

function chargeOf(order: Order, charge: Contents["charges"][number], toKeep: number): string[] {
  const { amount, currency, refunded } = charge;
  if (amount !== order.total || currency !== order.currency)
    return [`order ${order.id} over ${order.total} ${order.currency} was charged ${amount} ${currency}`];
  if (amount - refunded !== toKeep)
    return [`of ${amount} charged for order ${order.id} ${refunded} went back, which is to keep ${toKeep}`];
  return [];
}

function moneyOf(order: Order, { charges, payments }: Contents): string[] {
  const found: string[] = [];
  const { charged, captured, payment: legal } = standingOf(order);
  const payment = payments.find(({ key }) => key === order.id);
  const effective = charges.filter((charge) => charge.key.startsWith(`${order.id}:`) && isEffective(charge));
  const wanted = charged && soldFor(order, payment) > 0 ? 1 : 0;
  const mayBeVoided = order.status === "NEEDS_ATTENTION" && effective.length === 0;
  if (effective.length !== wanted && !mayBeVoided)
    found.push(`order ${order.id} is ${order.status} and has ${effective.length} effective charges`);
  for (const charge of effective) found.push(...chargeOf(order, charge, soldFor(order, payment)));
  if (payment === undefined) {
    if (charged) found.push(`order ${order.id} is ${order.status} without a payment`);
    return found;
  }
  const kept = payment.captured - payment.refunded;
  const authorised = legal.includes("AUTHORISED") && payment.status === "AUTHORISED" ? order.total : 0;
  const isAuthorisedWrong = payment.status === "AUTHORISED" && payment.authorised !== authorised;
  if (!legal.includes(payment.status) || isAuthorisedWrong || payment.amount !== order.total)
    found.push(
      `order ${order.id} is ${order.status}, its payment ${payment.status} over ${payment.authorised} of ${payment.amount}`,
    );
  if (kept !== (charged && captured ? soldFor(order, payment) : 0) || (captured && payment.captured !== order.total))
    found.push(`order ${order.id} is ${order.status}, ${payment.captured} captured and ${payment.refunded} refunded`);
  if (payment.work !== "none") found.push(`the payment of order ${order.id} is still at work: ${payment.work}`);
  return found;
}

function sumBySku(lines: readonly { readonly sku: string; readonly quantity: number }[]): string {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return JSON.stringify([...sums].toSorted());
}

function stockOf(order: Order, { reservations }: Contents): string[] {
  const reservation = reservations.find(({ key }) => key === order.id);
  if (reservation === undefined) return [`order ${order.id} asked for no stock`];
  const { status, allocations } = reservation;
  const legal = standingOf(order).reservation;
  const found = legal.includes(status) ? [] : [`order ${order.id} is ${order.status}, its reservation ${status}`];
  if (status !== "REFUSED" && sumBySku(allocations) !== sumBySku(order.items))
    found.push(`the reservation of order ${order.id} is for other units than its lines`);
  return found;
}

function parcelsOf(order: Order, { shipments }: Contents): string[] {
  const shipment = shipments.find(({ key }) => key === order.id);
  const status = shipment?.status ?? NO_SHIPMENT;
  if (!standingOf(order).shipment.includes(status))
    return [`order ${order.id} is ${order.status}, its shipment ${status}`];
  if (shipment !== undefined && sumBySku(shipment.lines) !== sumBySku(order.items))
    return [`the shipment of order ${order.id} holds other units than its lines`];
  return [];
}

/** A sold order has used its coupon, any other one holds none. */
function couponOf({ id, status, coupon }: Order, { coupons }: Contents): string[] {
  const hold = coupons.find(({ key }) => key === id);
  const wanted = coupon === null || STANDINGS[status] === UNDONE ? "RELEASED" : "USED";
  if (hold === undefined) return coupon === null ? [] : [`order ${id} has the coupon ${coupon}, which was never held`];
  return hold.status === wanted ? [] : [`order ${id} is ${status}, its coupon ${hold.status}`];
}

/** What is told of an order, by what stands in its history. */
const NOTICES: readonly (readonly [kind: string, types: readonly string[], status: string | null])[] = [
  ["order_confirmed", ["OrderConfirmed"], null],
  ["order_shipped", ["ParcelHandedOver", "cancel_refused"], "SHIPPED"],
  ["order_delivered", ["ParcelDelivered"], "DELIVERED"],
  ["order_closed", [], "COMPLETED"],
  ["order_returned", ["PaymentRefunded"], "RETURNED"],
  ["order_cancelled", ["OrderCancelled"], "CANCELLED"],
  ["order_refused", [], "REJECTED"],
  ["order_refused", [], "EXPIRED"],
];

function noticesOf(order: Order, { history, notices, mails }: Contents): string[] {
  const entries = history.filter(({ key }) => key === order.id);
  const kinds = NOTICES.flatMap(([kind, types, status]) => {
    const tells = (entry: (typeof entries)[number]) =>
      (types.length === 0 || types.includes(entry.type)) && (status === null || entry.status === status);
    return entries.some(tells) ? [kind] : [];
  });
  const channel = order.email === null ? "in_app" : "email";
  const told = notices.find(({ key }) => key === order.id)?.notices ?? [];
  const isRight = told.every((notice) => notice.channel === channel && notice.status === "SENT");
  if (!isRight || told.map(({ kind }) => kind).join() !== kinds.join())
    return [`order ${order.id} is ${order.status}, its notices are ${JSON.stringify(told)}, not ${kinds}`];
  const sent = mails.filter((id) => id.includes(order.id)).length;
  const wanted = order.email === null ? 0 : kinds.length;
  return sent === wanted ? [] : [`${sent} mails were sent for order ${order.id}, not ${wanted}`];
}

/** A cancel or a return that was accepted is carried out, unless the history says that the parcel had left. */
function promisesOf(order: Order, { history }: Contents, placed: readonly Placed[]): string[] {
  const promises = placed.find(({ acknowledged }) => acknowledged.has(order.id))?.promises ?? new Set();
  const found: string[] = [];
  const isRefused = history.some(({ key, type }) => key === order.id && type === "cancel_refused");
  if (promises.has("cancel") && order.status !== "CANCELLED" && !isRefused)
    found.push(`the cancel of order ${order.id} was accepted, and it is ${order.status}`);
  if (promises.has("return") && order.status !== "RETURNED")
    found.push(`the return of order ${order.id} was accepted, and it is ${order.status}`);
  return found;
}

/** What a token leads to, whatever failed on the way. */
function tokenOf(order: Order): string[] {
  const { id, token, reason, total } = order;
  const refuses = total > 0 && (token === "tok_declined" || token === "tok_insufficient_funds");
  if ((isSold(order) || hasLeft(order)) && (refuses || (total > 0 && token === "tok_timeout_not_charged")))
    return [`order ${id} was sold to ${token}`];
  const mayRefuse = refuses || token === "tok_requires_action";
  return reason === "payment_declined" && !mayRefuse ? [`order ${id} with ${token} was declined`] : [];
}
