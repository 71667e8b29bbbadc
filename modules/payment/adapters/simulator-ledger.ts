/** The simulator's own books: a schema and role of their own, as a provider's database would be somebody else's. */
import { index, pgTable, text } from "drizzle-orm/pg-core";
import { code, instant, minorUnits } from "../../../runtime/database/columns.ts";

export const charges = pgTable(
  "charge",
  {
    key: code("key").primaryKey(),
    status: text("status").$type<"authorised" | "declined" | "voided">().notNull(),
    detail: text("detail").notNull(),
    amount: minorUnits("amount").notNull(),
    currency: text("currency").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [index("charge_age").using("brin", table.at)],
);
