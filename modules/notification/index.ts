import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { orderEvents } from "../order/contract.ts";
import { createMailbox } from "./adapters/mailbox.ts";
import mailboxInitial from "./adapters/mailbox-migrations/0000_initial.sql" with { type: "text" };
import mailboxChannel from "./adapters/mailbox-migrations/0001_channel.sql" with { type: "text" };
import { notificationFacts } from "./contract.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import preferences from "./migrations/0002_preferences.sql" with { type: "text" };
import type { OrderNotices } from "./notice.ts";
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";
import { preferenceStore } from "./preference-store.ts";
import type { CustomerPreferences } from "./preferences.ts";
import { type NotificationRouteDeps, notificationRoutes } from "./routes.ts";
import type { NotificationSender } from "./sender.ts";
import { orderNoticesStore } from "./store.ts";

const MAILBOX_SCHEMA = "notification_mailbox";

const definition = {
  aggregate: orderNoticesStore,
  shared: preferenceStore,
  handlers: noticeHandlers,
  timers: noticeTimers,
  calls: noticeCalls,
};

/** Tells customers what became of their orders. It listens; no order waits for it or fails by it. */
export const notification = defineModule<OrderNotices, CustomerPreferences, NotificationSender, NotificationRouteDeps>({
  name: "notification",
  subscribes: [orderEvents],
  serves: [notificationFacts],
  routes: notificationRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_preferences", sql: preferences },
  ],
  sideSchemas: [
    {
      schema: MAILBOX_SCHEMA,
      migrations: [
        { id: "0000_initial", sql: mailboxInitial },
        { id: "0001_channel", sql: mailboxChannel },
      ],
    },
  ],
  build({ database, sideDatabase, clock, ids, earlier }) {
    const mailbox = createMailbox(sideDatabase(MAILBOX_SCHEMA), clock);
    return {
      messaging: {
        definition,
        ports: mailbox,
        facts: answersFacts(notificationFacts, async (orders) =>
          orders.map(({ notices }) => ({
            notices: notices.map(({ kind, channel }) => ({ kind, channel })),
          })),
        ),
      },
      routes: ({ lane }) => ({ database, lane, clock, ids, earlier }),
      close: mailbox.close,
    };
  },
});
