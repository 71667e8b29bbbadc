import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { defineModule } from "../../runtime/module.ts";
import { createPaymentSimulator } from "./adapters/simulator.ts";
import simulatorInitial from "./adapters/simulator-migrations/0000_initial.sql" with { type: "text" };
import { paymentCommands } from "./contract.ts";
import { paymentInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import { type Payment, paymentCalls, paymentHandlers, paymentTimers } from "./payment.ts";
import type { PaymentProvider } from "./provider.ts";
import { paymentRoutes } from "./routes.ts";
import { paymentStore } from "./store.ts";

const SIMULATOR_SCHEMA = "payment_simulator";

/** Money for orders, behind the port of a provider. */
export const payment = defineModule<Payment, never, PaymentProvider>({
  name: "payment",
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  sideSchemas: [{ schema: SIMULATOR_SCHEMA, migrations: [{ id: "0000_initial", sql: simulatorInitial }] }],
  build({ database, sideDatabase, clock, deadlines }) {
    const provider = createPaymentSimulator(sideDatabase(SIMULATOR_SCHEMA), clock);
    return {
      messaging: {
        definition: {
          module: "payment",
          aggregate: paymentStore,
          entries: {},
          subscribes: [paymentCommands.AuthorisePayment.topic],
          invariants: paymentInvariants,
          handlers: paymentHandlers,
          timers: paymentTimers,
          calls: paymentCalls({
            retryForMs: deadlines.paymentRetryForMs,
            answerTimeoutMs: deadlines.paymentAnswerMs,
          }),
        },
        ports: provider,
      },
      rpc: [],
      routes: () => paymentRoutes(database),
      close: provider.close,
    };
  },
});
