import { coreMigrations } from "../../runtime/messages/migrations.ts";
import { defineModule } from "../../runtime/module.ts";
import { inventoryCommands } from "./contract.ts";
import { stockInvariants } from "./invariants.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import storage from "./migrations/0001_storage.sql" with { type: "text" };
import { reservationHandlers } from "./reservation.ts";
import { inventoryRoutes } from "./routes.ts";
import type { SkuStock } from "./stock.ts";
import { initialStock, movementStore, type Reservation, reservationStore, stockStore } from "./store.ts";

const DEFAULT_WAREHOUSE = "main";
const DEMO_UNITS = 500;

/** Stock per SKU and warehouse, and what orders hold of it. */
export const inventory = defineModule<Reservation, SkuStock>({
  name: "inventory",
  migrations: [...coreMigrations, { id: "0000_initial", sql: initial }, { id: "0001_storage", sql: storage }],
  build: ({ database }) => ({
    messaging: {
      definition: {
        module: "inventory",
        aggregate: reservationStore,
        shared: stockStore,
        entries: { movement: movementStore },
        subscribes: [inventoryCommands.ReserveStock.topic],
        invariants: stockInvariants,
        handlers: reservationHandlers,
        timers: [],
        calls: [],
      },
      ports: undefined,
    },
    rpc: [],
    routes: () => inventoryRoutes(database),
  }),
  async seedDemo({ database, ids, clock }) {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      sku: `SKU-${String(index + 1).padStart(3, "0")}`,
      quantity: DEMO_UNITS,
      movementId: ids.next(),
    }));
    await database.query(initialStock(rows, DEFAULT_WAREHOUSE, clock.now()));
  },
});
