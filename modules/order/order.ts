/** An order and the stages that it may go through. Price, items and address are frozen at placement. */
import type { Address } from "../../runtime/address.ts";
import type { QuoteLine } from "../pricing/contract.ts";

/** Where an order is in the saga. */
export type Stage =
  | "PENDING"
  | "RESERVED"
  | "CONFIRMED"
  | "FULFILLING"
  | "CAPTURING"
  | "HANDING_OVER"
  | "SHIPPED"
  | "DELIVERED"
  | "COMPLETED"
  | "COMING_BACK"
  | "GIVING_BACK"
  | "RETURNED"
  | "CANCEL_PENDING"
  | "CANCELLED"
  | "REJECTED"
  | "EXPIRED";

/** Every legal change of stage; any other is a bug and throws. */
export const transitions: Readonly<Record<Stage, readonly Stage[]>> = {
  PENDING: ["RESERVED", "REJECTED", "EXPIRED", "CANCEL_PENDING"],
  RESERVED: ["CONFIRMED", "REJECTED", "EXPIRED", "CANCEL_PENDING"],
  CONFIRMED: ["FULFILLING", "CANCEL_PENDING"],
  FULFILLING: ["CAPTURING", "CANCEL_PENDING"],
  CAPTURING: ["HANDING_OVER", "CANCEL_PENDING"],
  HANDING_OVER: ["SHIPPED", "CANCEL_PENDING"],
  SHIPPED: ["DELIVERED", "COMING_BACK"],
  DELIVERED: ["COMPLETED", "GIVING_BACK"],
  COMING_BACK: ["GIVING_BACK"],
  GIVING_BACK: ["RETURNED"],
  // The parcel turned out to have left.
  CANCEL_PENDING: ["CANCELLED", "SHIPPED"],
  COMPLETED: [],
  RETURNED: [],
  CANCELLED: [],
  REJECTED: [],
  EXPIRED: [],
};

/** Until its parcel has left. */
export const isCancellable = (stage: Stage) => transitions[stage].includes("CANCEL_PENDING");

/** All that the API may show, in the order of an order's life. */
export const orderStatuses = [
  "PENDING",
  "RESERVED",
  "CONFIRMED",
  "FULFILLING",
  "SHIPPED",
  "DELIVERED",
  "COMPLETED",
  "RETURNING",
  "RETURNED",
  "CANCEL_PENDING",
  "CANCELLED",
  "REJECTED",
  "EXPIRED",
  "NEEDS_ATTENTION",
] as const;

export type OrderStatus = (typeof orderStatuses)[number];

/** Stages that nobody outside tells apart. */
const shownAs: Readonly<Record<Exclude<Stage, OrderStatus>, OrderStatus>> = {
  CAPTURING: "FULFILLING",
  HANDING_OVER: "FULFILLING",
  COMING_BACK: "RETURNING",
  GIVING_BACK: "RETURNING",
};

const isHidden = (stage: Stage): stage is keyof typeof shownAs => Object.hasOwn(shownAs, stage);

export function statusOf({ stage, attention }: Pick<Order, "stage" | "attention">): OrderStatus {
  if (attention !== null) return "NEEDS_ATTENTION";
  return isHidden(stage) ? shownAs[stage] : stage;
}

/** Stages in which what was done is being undone, or has been: answers to what was asked before may still come. */
export const isUndone = (stage: Stage) => isRefused(stage) || stage === "CANCEL_PENDING" || stage === "CANCELLED";

/** It came to no sale, and has ended for its customer. */
export const isRefused = (stage: Stage) => stage === "REJECTED" || stage === "EXPIRED";

/** The customer need not wait any longer: confirmed, refused, or cancelled. */
export const isDecided = (stage: Stage) => stage !== "PENDING" && stage !== "RESERVED";

/** Nothing is left to be done, so its history is whole; only a late answer to what was asked before could still come. */
export const hasEnded = ({ stage, undoing, attention }: Pick<Order, "stage" | "undoing" | "attention">) =>
  transitions[stage].length === 0 && undoing.length === 0 && attention === null;

/** What a step has done and can undo. */
export type Undo = "coupon" | "stock" | "payment" | "shipment";

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly stage: Stage;
  /** Shown; follows from stage and attention. */
  readonly status: OrderStatus;
  /** Why it was refused or cancelled. */
  readonly reason: string | null;
  /** Why an operator must take care of it; null when nobody need. */
  readonly attention: string | null;
  /** What is still to be undone. Of a cancelled order one after the other, the first one asked for; else all at once. */
  readonly undoing: readonly Undo[];
  /** An operator has settled its money by hand, which the platform could not give back. */
  readonly settledByHand: boolean;
  readonly currency: string;
  readonly items: readonly QuoteLine[];
  readonly subtotal: number;
  readonly discount: number;
  readonly shipping: number;
  readonly tax: number;
  readonly total: number;
  readonly shippingAddress: Address;
  readonly paymentToken: string;
  readonly couponCode: string | null;
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

/** No row of an order is ever deleted, and nobody is told of one before it is there. */
export const known = (order: Order | undefined): Order => {
  if (!order) throw new Error("there is no such order");
  return order;
};
