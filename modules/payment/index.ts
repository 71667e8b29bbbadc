import { topicOf } from "../../runtime/messages/contract.ts";
import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { answersFacts } from "../../runtime/messages/read-facts.ts";
import { defineModule } from "../../runtime/module.ts";
import { createPaymentSimulator } from "./adapters/simulator.ts";
import simulatorInitial from "./adapters/simulator-migrations/0000_initial.sql" with { type: "text" };
import simulatorKey from "./adapters/simulator-migrations/0001_key_by_bytes.sql" with { type: "text" };
import simulatorCaptured from "./adapters/simulator-migrations/0002_captured_and_refunded.sql" with { type: "text" };
import { paymentCommands, paymentEvents, paymentFacts } from "./contract.ts";
import { factsOf } from "./facts.ts";
import { paymentInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import capture from "./migrations/0002_capture_and_action.sql" with { type: "text" };
import type { Payment } from "./payment.ts";
import type { PaymentProvider } from "./provider.ts";
import { paymentCalls, paymentHandlers, paymentTimers } from "./provider-answers.ts";
import { type PaymentRouteDeps, paymentRoutes } from "./routes.ts";
import { paymentStore } from "./store.ts";

const SIMULATOR_SCHEMA = "payment_simulator";

const topics = { subscribes: [topicOf(paymentCommands)], sends: [topicOf(paymentEvents)] };

/** Money for orders, behind the port of a provider. */
export const payment = defineModule<Payment, never, PaymentProvider, PaymentRouteDeps>({
  name: "payment",
  topics,
  serves: [paymentFacts],
  routes: paymentRoutes,
  migrations: [
    ...coreMigrations,
    { id: "0000_initial", sql: initial },
    { id: "0001_storage", sql: storage },
    { id: "0002_capture_and_action", sql: capture },
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
  build({ database, sideDatabase, clock, deadlines, travelling }) {
    const simulator = createPaymentSimulator(sideDatabase(SIMULATOR_SCHEMA), clock);
    const definition = {
      aggregate: paymentStore,
      entries: {},
      invariants: paymentInvariants,
      handlers: paymentHandlers,
      timers: paymentTimers,
      calls: paymentCalls({
        retryForMs: deadlines.paymentRetryForMs,
        answerTimeoutMs: deadlines.paymentAnswerMs,
        customerActionMs: deadlines.customerActionMs,
        authorisationMs: deadlines.authorisationMs,
      }),
    };
    return {
      messaging: { definition, ports: simulator },
      rpc: [
        answersFacts(paymentFacts, { ...definition, ...topics }, { database, travelling }, (payments) =>
          factsOf(simulator, payments),
        ),
      ],
      routes: ({ lane }) => ({ database, lane, clock, books: simulator.books }),
      close: simulator.close,
    };
  },
});
