import { topicOf } from "../../runtime/messages/contract.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { orderEvents } from "../order/contract.ts";
import { createMailbox } from "./adapters/mailbox.ts";
import mailboxInitial from "./adapters/mailbox-migrations/0000_initial.sql" with { type: "text" };
import { notificationFacts } from "./contract.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";
import { notificationRoutes } from "./routes.ts";
import { orderNoticesStore } from "./store.ts";

const MAILBOX_SCHEMA = "notification_mailbox";

const topics = { subscribes: [topicOf(orderEvents)], sends: [] };

const definition = {
  aggregate: orderNoticesStore,
  entries: {},
  handlers: noticeHandlers,
  timers: noticeTimers,
  calls: noticeCalls,
};

/** Tells customers what became of their orders. It listens; no order waits for it or fails by it. */
export const notification = defineModule({
  name: "notification",
  topics,
  serves: [notificationFacts],
  routes: notificationRoutes,
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  sideSchemas: [{ schema: MAILBOX_SCHEMA, migrations: [{ id: "0000_initial", sql: mailboxInitial }] }],
  build({ database, sideDatabase, clock, travelling }) {
    const mailbox = createMailbox(sideDatabase(MAILBOX_SCHEMA), clock);
    return {
      messaging: { definition, ports: mailbox },
      rpc: [
        answersFacts(notificationFacts, { ...definition, ...topics }, { database, travelling }, async (orders) =>
          orders.map(({ notices }) => ({
            notices: notices.map(({ kind, channel }) => ({ kind, channel })),
          })),
        ),
      ],
      routes: () => ({ database }),
      close: mailbox.close,
    };
  },
});
