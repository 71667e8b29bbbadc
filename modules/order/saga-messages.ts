/** What the saga's steps send: each receiver gets what it needs of the order and no more. */
import { message } from "../../runtime/messages/contract.ts";
import { deliveryCommands } from "../delivery/contract.ts";
import { inventoryCommands } from "../inventory/contract.ts";
import { paymentCommands } from "../payment/contract.ts";
import { pricingCommands } from "../pricing/contract.ts";
import { orderEvents } from "./contract.ts";
import type { Order } from "./order.ts";

const lines = (order: Order) => order.items.map(({ sku, quantity }) => ({ sku, quantity }));

export const reserveStock = (order: Order) => message(inventoryCommands.ReserveStock, { lines: lines(order) });
export const confirmStock = () => message(inventoryCommands.ConfirmStock, {});
export const releaseStock = () => message(inventoryCommands.ReleaseStock, {});
export const shipStock = () => message(inventoryCommands.ShipStock, {});
export const restockReturned = () => message(inventoryCommands.RestockReturned, {});

export const authorisePayment = ({ customerId, total, currency, paymentToken }: Order) =>
  message(paymentCommands.AuthorisePayment, { attempt: 1, customerId, amount: total, currency, token: paymentToken });
export const capturePayment = () => message(paymentCommands.CapturePayment, {});
export const voidPayment = () => message(paymentCommands.VoidPayment, {});
export const refundPayment = () => message(paymentCommands.RefundPayment, {});

export const useCoupon = ({ couponCode }: Order) =>
  couponCode === null ? undefined : message(pricingCommands.UseCoupon, {});
export const releaseCoupon = ({ couponCode }: Order) =>
  couponCode === null ? undefined : message(pricingCommands.ReleaseCoupon, {});

export const scheduleShipment = (order: Order) =>
  message(deliveryCommands.ScheduleShipment, {
    customerId: order.customerId,
    address: order.shippingAddress,
    lines: lines(order),
  });
export const cancelShipment = () => message(deliveryCommands.CancelShipment, {});
export const handOverParcel = () => message(deliveryCommands.HandOverParcel, {});

const recipient = ({ customerId, email }: Order) => ({ customerId, ...(email === null ? {} : { email }) });
const reasonOf = ({ id, reason }: Order): string => {
  if (reason === null) throw new Error(`order ${id} has ended without a reason`);
  return reason;
};

export const orderConfirmed = (order: Order) =>
  message(orderEvents.OrderConfirmed, { ...recipient(order), total: order.total, currency: order.currency });
export const orderRefused = (status: "REJECTED" | "EXPIRED") => (order: Order) =>
  message(orderEvents.OrderRefused, { ...recipient(order), status, reason: reasonOf(order) });
export const orderShipped = (order: Order) => message(orderEvents.OrderShipped, recipient(order));
export const orderDelivered = (order: Order) => message(orderEvents.OrderDelivered, recipient(order));
export const orderCancelled = (order: Order) =>
  message(orderEvents.OrderCancelled, { ...recipient(order), reason: reasonOf(order) });
export const orderReturned = (order: Order) => message(orderEvents.OrderReturned, recipient(order));
export const orderClosed = (order: Order) => message(orderEvents.OrderClosed, recipient(order));
