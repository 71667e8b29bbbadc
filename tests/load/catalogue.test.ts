import { expect, test } from "bun:test";
import postgres from "postgres";
import { inventory } from "../../modules/inventory/index.ts";
import { pricing } from "../../modules/pricing/index.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import { startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionPostgres } from "../provision/postgres.ts";
import { seedCatalogue } from "./catalogue.ts";

const tools = await provideOrSkip("tests/load/catalogue", provisionPostgres);

test.skipIf(tools === undefined)(
  "every product has a price and stock that its movements explain, however often it is seeded",
  async () => {
    const server = await startExternalPostgres({ alwaysOwn: true });
    const sql = postgres(server.url, { max: 1 });
    try {
      await migrate({ url: server.url, modules: [pricing, inventory], log: () => undefined });
      await seedCatalogue(server.url, 1200);
      const skus = await seedCatalogue(server.url, 1200);
      expect(skus.length).toBe(1200);
      expect(skus[1199]).toBe("BENCH-01200");
      const [row] = await sql`select
        (select count(*)::int from pricing.product p join pricing.price x using (sku) where x.currency = 'USD') as priced,
        (select count(*)::int from inventory.stock where reserved = 0 and on_hand >= 1000000000) as stocked,
        (select count(*)::int from inventory.stock s
          where on_hand = (select sum(on_hand_delta) from inventory.movement m where m.sku = s.sku)) as explained`;
      expect({ ...row }).toEqual({ priced: 1200, stocked: 1200, explained: 1200 });
    } finally {
      await sql.end({ timeout: 1 });
      await server.stop();
    }
  },
  60_000,
);
