/**
 * The order saga, read from top to bottom: what each step asks, what moves it on, what refuses it, what undoes it.
 *
 * Before the pivot a refusal undoes the steps before it, last first, and the order is REJECTED; when the deadline
 * passes, everything asked for is undone and the order is EXPIRED. After the pivot there is no way back: what is asked
 * is retried until it is done.
 */
import { message } from "../../runtime/messages/contract.ts";
import { deliveryCommands, deliveryEvents } from "../delivery/contract.ts";
import { inventoryCommands, inventoryEvents } from "../inventory/contract.ts";
import { paymentCommands, paymentEvents } from "../payment/contract.ts";
import { orderEvents } from "./contract.ts";
import type { Order } from "./order.ts";
import { answeredBy, recorded, refusedBy, type Step } from "./step.ts";

const lines = (order: Order) => order.items.map(({ sku, quantity }) => ({ sku, quantity }));

const reserveStock = (order: Order) => message(inventoryCommands.ReserveStock, { lines: lines(order) });
const confirmStock = () => message(inventoryCommands.ConfirmStock, {});
const releaseStock = () => message(inventoryCommands.ReleaseStock, {});

const authorisePayment = ({ customerId, total, currency, paymentToken }: Order) =>
  message(paymentCommands.AuthorisePayment, { attempt: 1, customerId, amount: total, currency, token: paymentToken });
const voidPayment = () => message(paymentCommands.VoidPayment, {});

const scheduleShipment = (order: Order) =>
  message(deliveryCommands.ScheduleShipment, {
    customerId: order.customerId,
    address: order.shippingAddress,
    lines: lines(order),
  });

const tellConfirmed = ({ customerId, total, currency, email }: Order) =>
  message(orderEvents.OrderConfirmed, { customerId, total, currency, ...(email === null ? {} : { email }) });

export const saga: readonly Step[] = [
  {
    name: "reserve stock",
    during: "PENDING",
    asks: [reserveStock],
    succeeds: answeredBy(inventoryEvents.StockReserved, "RESERVED"),
    fails: refusedBy(inventoryEvents.StockRefused, ({ shortSkus }) => ["out_of_stock", { skus: shortSkus }]),
    undo: [releaseStock],
    undone: recorded(inventoryEvents.StockReleased),
  },
  {
    name: "authorise payment",
    during: "RESERVED",
    asks: [authorisePayment],
    succeeds: answeredBy(paymentEvents.PaymentAuthorised, "CONFIRMED", {
      recordedAs: "AUTHORISED",
      pivot: "OrderConfirmed",
    }),
    fails: refusedBy(paymentEvents.PaymentDeclined, ({ reason, detail }) => [reason, { detail }]),
    undo: [voidPayment],
    undone: recorded(paymentEvents.PaymentVoided),
  },
  // The pivot: from here on the order is sold.
  {
    name: "fulfil",
    during: "CONFIRMED",
    asks: [confirmStock, scheduleShipment, tellConfirmed],
    succeeds: answeredBy(deliveryEvents.ShipmentScheduled, "FULFILLING"),
  },
];
