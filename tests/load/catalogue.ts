/** The products of a benchmark: in the pricing module's catalogue and on the inventory module's shelves. */
import { initialStock } from "../../modules/inventory/store.ts";
import { demoShippingRates, demoTaxes } from "../../modules/pricing/demo.ts";
import { addNewRates } from "../../modules/pricing/rate-store.ts";
import { addNewProducts } from "../../modules/pricing/store.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { createIds } from "../../runtime/ids.ts";
import { systemRandom } from "../../runtime/random.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";

const WAREHOUSE = "main";
/** More than any benchmark sells. */
const UNITS = 1_000_000_000;
const ROWS_A_STATEMENT = 1_000;

/**
 * Puts products `BENCH-00001` to `BENCH-<count>` into migrated databases on one server, priced in USD and in stock, with
 * the demo's tax and shipping rates, and gives their SKUs. Those that are there already stay as they are.
 */
export async function seedCatalogue(url: string, count: number): Promise<string[]> {
  const skus = Array.from({ length: count }, (_, index) => `BENCH-${String(index + 1).padStart(5, "0")}`);
  const ids = createIds(systemClock, systemRandom());
  await inModule(url, "pricing", (database) => addNewRates(database, demoTaxes, demoShippingRates));
  for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
    const some = skus.slice(from, from + ROWS_A_STATEMENT);
    await inModule(url, "pricing", (database) =>
      addNewProducts(
        database,
        some.map((sku, index) => ({
          sku,
          name: `Bench product ${from + index + 1}`,
          prices: [{ amount: 100 + ((from + index) % 5000), currency: "USD" }],
          taxClass: "standard" as const,
          weightGrams: 500,
        })),
      ),
    );
    const rows = some.map((sku) => ({ sku, quantity: UNITS, movementId: ids.next() }));
    await inModule(url, "inventory", (database) =>
      database.query(initialStock(rows, WAREHOUSE, systemClock.now())).then(() => undefined),
    );
  }
  return skus;
}

async function inModule(url: string, module: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openDatabase({
    url,
    schema: module,
    role: `${module}_app`,
    scheduler: systemScheduler,
    poolSize: 1,
  });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
