/** The simulator's own books: a schema and role of their own, as a provider's database would be somebody else's. */
import { index, pgTable, text } from "drizzle-orm/pg-core";
import { code, instant, minorUnits } from "../../../runtime/database/columns.ts";

export type ChargeStatus = "action_required" | "authorised" | "declined" | "voided";

/** An authorisation under its key, and what was done with it. */
export const charges = pgTable(
  "charge",
  {
    key: code("key").primaryKey(),
    status: text("status").$type<ChargeStatus>().notNull(),
    detail: text("detail").notNull(),
    amount: minorUnits("amount").notNull(),
    captured: minorUnits("captured").notNull().default(0),
    refunded: minorUnits("refunded").notNull().default(0),
    currency: text("currency").notNull(),
    /** What it was paid with decides how later calls go. */
    token: text("token").notNull().default(""),
    at: instant("at").notNull(),
  },
  (table) => [index("charge_age").using("brin", table.at)],
);

/** Refunds under their keys: one of them is entered once. */
export const refunds = pgTable("refund", {
  key: code("key").primaryKey(),
  charge: code("charge").notNull(),
  amount: minorUnits("amount").notNull(),
  at: instant("at").notNull(),
});
