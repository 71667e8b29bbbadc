import type { Command } from "../../runtime/messages/decision.ts";
import type { Deadlines } from "../../runtime/module.ts";
import { begin } from "./advance.ts";
import type { Order } from "./order.ts";

/** A basket with its price, as `pricing` has just answered it, and where it goes. */
export type Placement = Pick<
  Order,
  | "customerId"
  | "currency"
  | "items"
  | "subtotal"
  | "discount"
  | "shipping"
  | "tax"
  | "total"
  | "shippingAddress"
  | "paymentToken"
  | "couponCode"
  | "email"
>;

/**
 * Places an order: the saga begins in the same commit. A coupon's hold gives a repeated request the first one's order id,
 * so the order may be there; then it is the answer.
 */
export const placeOrder = (deadlines: Deadlines): Command<Order, never, Placement, Order> => ({
  name: "placeOrder",
  creates: true,
  decide(present, placement, { key, now }) {
    if (present) return { state: present, answer: present };
    const order: Order = {
      id: key,
      ...placement,
      stage: "PENDING",
      status: "PENDING",
      reason: null,
      attention: null,
      undoing: [],
      settledByHand: false,
      historyLength: 0,
      createdAt: now,
      updatedAt: now,
    };
    const begun = begin(order, { now, deadlines });
    return { ...begun, answer: begun.state };
  },
});
