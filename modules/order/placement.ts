import type { Command } from "../../runtime/messages/decision.ts";
import { begin } from "./advance.ts";
import type { Order } from "./order.ts";

/** A basket with its price, as `pricing` has just answered it, and where it goes. */
export type Placement = Pick<
  Order,
  | "customerId"
  | "couponCode"
  | "currency"
  | "items"
  | "subtotal"
  | "discount"
  | "shipping"
  | "tax"
  | "total"
  | "shippingAddress"
  | "paymentToken"
  | "email"
>;

/**
 * Places an order: the saga begins in the same commit. `deadlineMs` counts from placement to the pivot. A coupon's hold
 * gives a repeated request the first one's order id, so the order may be there; then it is the answer.
 */
export const placeOrder = (deadlineMs: number): Command<Order, never, Placement, Order> => ({
  name: "placeOrder",
  creates: true,
  decide(present, placement, { key, now }) {
    if (present) return { state: present, answer: present };
    const order: Order = {
      id: key,
      ...placement,
      status: "PENDING",
      reason: null,
      historyLength: 0,
      createdAt: now,
      updatedAt: now,
    };
    const decision = begin(order, deadlineMs, now);
    return { ...decision, answer: decision.state ?? order };
  },
});
