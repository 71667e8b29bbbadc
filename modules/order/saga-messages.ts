/** What the saga's steps send: each receiver gets what it needs of the order and no more. */
import { message } from "../../runtime/messages/contract.ts";
import { deliveryCommands } from "../delivery/contract.ts";
import { inventoryCommands } from "../inventory/contract.ts";
import { paymentCommands } from "../payment/contract.ts";
import { orderEvents } from "./contract.ts";
import type { Order } from "./order.ts";

const lines = (order: Order) => order.items.map(({ sku, quantity }) => ({ sku, quantity }));
const emailOf = ({ email }: Order) => (email === null ? {} : { email });

export const reserveStock = (order: Order) => message(inventoryCommands.ReserveStock, { lines: lines(order) });
export const confirmStock = () => message(inventoryCommands.ConfirmStock, {});
export const releaseStock = () => message(inventoryCommands.ReleaseStock, {});

export const authorisePayment = ({ customerId, total, currency, paymentToken }: Order) =>
  message(paymentCommands.AuthorisePayment, { attempt: 1, customerId, amount: total, currency, token: paymentToken });
export const voidPayment = () => message(paymentCommands.VoidPayment, {});

export const scheduleShipment = (order: Order) =>
  message(deliveryCommands.ScheduleShipment, {
    customerId: order.customerId,
    address: order.shippingAddress,
    lines: lines(order),
  });

export const orderConfirmed = (order: Order) =>
  message(orderEvents.OrderConfirmed, {
    customerId: order.customerId,
    total: order.total,
    currency: order.currency,
    ...emailOf(order),
  });

export const orderRefused = (order: Order, status: "REJECTED" | "EXPIRED", reason: string) =>
  message(orderEvents.OrderRefused, { customerId: order.customerId, status, reason, ...emailOf(order) });
