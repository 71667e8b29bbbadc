/** An order and the states that it may go through. Price, items and address are frozen at placement. */
import type { Address } from "../delivery/contract.ts";
import type { QuoteLine } from "../pricing/contract.ts";

export type OrderStatus = "PENDING" | "RESERVED" | "CONFIRMED" | "FULFILLING" | "REJECTED" | "EXPIRED";

/** Every legal change of status; any other is a bug and throws. */
export const transitions: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ["RESERVED", "REJECTED", "EXPIRED"],
  RESERVED: ["CONFIRMED", "REJECTED", "EXPIRED"],
  CONFIRMED: ["FULFILLING"],
  FULFILLING: [],
  REJECTED: [],
  EXPIRED: [],
};

/** Statuses in which nothing was sold and everything asked for has been told to undo itself. */
export const isRefused = (status: OrderStatus) => status === "REJECTED" || status === "EXPIRED";

/** The customer need not wait any longer: confirmed, or refused. */
export const isDecided = (status: OrderStatus) => status !== "PENDING" && status !== "RESERVED";

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly reason: string | null;
  readonly currency: string;
  readonly couponCode: string | null;
  readonly items: readonly QuoteLine[];
  readonly subtotal: number;
  readonly discount: number;
  readonly shipping: number;
  readonly tax: number;
  readonly total: number;
  readonly shippingAddress: Address;
  readonly paymentToken: string;
  readonly email: string | null;
  /** Entries of the history so far: the sequence of the last one. */
  readonly historyLength: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An entry of an order's history, as it is stored. */
export interface HistoryEntry {
  readonly orderId: string;
  readonly sequence: number;
  readonly type: string;
  readonly at: number;
  /** `status` is the state after the event. */
  readonly data: Readonly<Record<string, unknown>>;
}
