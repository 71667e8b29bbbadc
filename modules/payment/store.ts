import { boolean, index, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { instant, json, minorUnits } from "../../runtime/database/columns.ts";
import type { Row, Statement } from "../../runtime/database/port.ts";
import { recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions } from "../../runtime/messages/aggregate.ts";
import type { Payment, PaymentStatus, PaymentWork, VoidReason } from "./payment.ts";

/** One payment an order. The key is the order's id. */
export const payments = pgTable(
  "payment",
  {
    orderId: uuid("order_id").primaryKey(),
    id: uuid("id").notNull(),
    customerId: text("customer_id").notNull(),
    status: text("status").$type<PaymentStatus>().notNull(),
    currency: text("currency").notNull(),
    amount: minorUnits("amount").notNull(),
    authorised: minorUnits("authorised").notNull(),
    captured: minorUnits("captured").notNull(),
    refunded: minorUnits("refunded").notNull(),
    token: text("token").notNull(),
    attempt: integer("attempt").notNull(),
    captureAttempt: integer("capture_attempt").notNull().default(1),
    refundAttempt: integer("refund_attempt").notNull().default(1),
    manualRefundAttempt: integer("manual_refund_attempt").notNull().default(1),
    work: text("work").$type<PaymentWork>().notNull(),
    tries: integer("tries").notNull(),
    failures: integer("failures").notNull(),
    voidFor: text("void_for").$type<VoidReason>(),
    actionUrl: text("action_url"),
    actionUntil: instant("action_until"),
    refundsAsked: json<readonly number[]>("refunds_asked").notNull().default([]),
    manuallyRefunded: minorUnits("manually_refunded").notNull().default(0),
    acted: boolean("acted").notNull().default(false),
    paused: boolean("paused").notNull().default(false),
    authorisedUntil: instant("authorised_until"),
    detail: text("detail"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
    version: integer("version").notNull(),
    positions: json<Positions>("positions").notNull(),
  },
  (table) => [index("payment_by_id").on(table.id)],
);

export const paymentStore = aggregateStore<Payment>(payments, {
  key: "orderId",
  mutable: [
    "status",
    "authorised",
    "captured",
    "refunded",
    "attempt",
    "captureAttempt",
    "refundAttempt",
    "manualRefundAttempt",
    "work",
    "tries",
    "failures",
    "voidFor",
    "actionUrl",
    "actionUntil",
    "refundsAsked",
    "manuallyRefunded",
    "acted",
    "paused",
    "authorisedUntil",
    "detail",
    "updatedAt",
  ],
});

const set = recordset(payments);

/** The payment as it stands committed. */
export const readByOrder = (orderId: string): Statement => ({
  text: "select * from payment where order_id = $1::uuid",
  params: [orderId],
});

export const readById = (id: string): Statement => ({
  text: "select * from payment where id = $1::uuid",
  params: [id],
});

// The columns are the ones that the aggregate store writes.
export const paymentOf = (rows: readonly Row[]): Payment | undefined =>
  rows[0] ? (set.decode(rows[0]) as unknown as Payment) : undefined;
