import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { createPaymentSimulator } from "./adapters/simulator.ts";
import simulatorInitial from "./adapters/simulator-migrations/0000_initial.sql" with { type: "text" };
import simulatorKey from "./adapters/simulator-migrations/0001_key_by_bytes.sql" with { type: "text" };
import simulatorCaptured from "./adapters/simulator-migrations/0002_captured_and_refunded.sql" with { type: "text" };
import { createTelling } from "./adapters/simulator-webhooks.ts";
import { paymentCommands, paymentEvents, paymentFacts } from "./contract.ts";
import { factsOf } from "./facts.ts";
import { paymentCalls, paymentHandlers, paymentTimers } from "./handlers.ts";
import { paymentInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import capture from "./migrations/0002_capture_and_action.sql" with { type: "text" };
import manualRefunds from "./migrations/0003_manual_refunds.sql" with { type: "text" };
import manualRefundAttempt from "./migrations/0004_manual_refund_attempt.sql" with { type: "text" };
import type { Payment } from "./payment.ts";
import type { PaymentProvider } from "./provider.ts";
import { type PaymentRouteDeps, paymentRoutes } from "./routes.ts";
import { paymentOf, paymentStore, readById } from "./store.ts";
import { receiveWebhook, type WebhookDeps } from "./webhooks.ts";

const SIMULATOR_SCHEMA = "payment_simulator";

/** Money for orders, behind the port of a provider. */
export const payment = defineModule<Payment, never, PaymentProvider, PaymentRouteDeps>({
  name: "payment",
  subscribes: [paymentCommands],
  sends: [paymentEvents],
  serves: [paymentFacts],
  routes: paymentRoutes,
  migrations: [
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_capture_and_action", sql: capture },
    { id: "0003_manual_refunds", sql: manualRefunds },
    { id: "0004_manual_refund_attempt", sql: manualRefundAttempt },
  ],
  sideSchemas: [
    {
      schema: SIMULATOR_SCHEMA,
      migrations: [
        { id: "0000_initial", sql: simulatorInitial },
        { id: "0001_key_by_bytes", sql: simulatorKey },
        { id: "0002_captured_and_refunded", sql: simulatorCaptured },
      ],
    },
  ],
  webhooksFrom: "the payment provider",
  build({ database, sideDatabase, clock, deadlines, webhooks, log, earlier }, lane) {
    const requests: WebhookDeps = {
      lane,
      clock,
      earlier,
      secrets: webhooks.secrets,
    };
    const tell = createTelling(webhooks, clock, (request) => receiveWebhook(requests, request));
    const simulator = createPaymentSimulator(sideDatabase(SIMULATOR_SCHEMA), clock, tell, log);
    const rules = {
      retryForMs: deadlines.paymentRetryForMs,
      answerTimeoutMs: deadlines.paymentAnswerMs,
      customerActionMs: deadlines.customerActionMs,
      authorisationMs: deadlines.authorisationMs,
    };
    return {
      messaging: {
        definition: {
          aggregate: paymentStore,
          invariants: paymentInvariants,
          handlers: paymentHandlers,
          timers: paymentTimers,
          calls: paymentCalls(rules),
        },
        ports: simulator,
        facts: answersFacts(paymentFacts, (payments) => factsOf(simulator, payments)),
      },
      routes: ({ changes }) => ({
        ...requests,
        database,
        changes,
        books: simulator.books,
        find: async (id) => paymentOf(await database.query(readById(id))),
      }),
      close: simulator.close,
    };
  },
});
