/** The mailbox's own table: a schema and role of their own, as a mail server would be somebody else's. */
import { index, pgTable, text } from "drizzle-orm/pg-core";
import { instant } from "../../../runtime/database/columns.ts";
import type { SentChannel } from "../channel.ts";

export const mail = pgTable(
  "mail",
  {
    channel: text("channel").$type<SentChannel>().notNull().default("email"),
    messageId: text("message_id").primaryKey(),
    recipient: text("recipient").notNull(),
    subject: text("subject").notNull(),
    body: text("body").notNull(),
    sentAt: instant("sent_at").notNull(),
  },
  (table) => [index("mail_age").using("brin", table.sentAt)],
);
