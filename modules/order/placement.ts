import type { Command } from "../../runtime/messages/decision.ts";
import type { Address } from "../delivery/contract.ts";
import type { QuoteLine } from "../pricing/contract.ts";
import { begin } from "./advance.ts";
import type { Order } from "./order.ts";

/** A basket with its price, as `pricing` has just answered it. Amounts in minor units. */
export interface Placement {
  readonly customerId: string;
  readonly currency: string;
  readonly items: readonly QuoteLine[];
  readonly subtotal: number;
  readonly discount: number;
  readonly shipping: number;
  readonly tax: number;
  readonly total: number;
  readonly shippingAddress: Address;
  readonly paymentToken: string;
  readonly email: string | null;
}

/** Places an order: the saga begins in the same commit. `deadlineMs` counts from placement to the pivot. */
export const placeOrder = (deadlineMs: number): Command<Order, never, Placement, Order> => ({
  name: "placeOrder",
  creates: true,
  decide(_none, placement, { key, now }) {
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
