/** `pricing` owns the product catalogue and prices baskets from it. */
import { defineModule } from "../../runtime/module.ts";
import { answers } from "../../runtime/rpc/port.ts";
import { priceLines, skusOf } from "./basket.ts";
import { createCatalogueCache } from "./catalogue-cache.ts";
import { priceBasket } from "./contract.ts";
import { demoProducts } from "./demo.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import { createPriceBatch } from "./price-batch.ts";
import { pricingRoutes } from "./routes.ts";
import { addNewProducts, readPrices } from "./store.ts";

export const pricing = defineModule({
  name: "pricing",
  serves: [priceBasket],
  routes: pricingRoutes,
  migrations: [{ id: "0000_initial", sql: initial }],
  build({ database, cache, ids }) {
    const lane = database.lane("quotes");
    const prices = createPriceBatch((questions) => readPrices(lane, questions));
    return {
      rpc: [
        answers(priceBasket, async (basket) => priceLines(basket, await prices.ask(basket.currency, skusOf(basket)))),
      ],
      routes: () => ({ catalogue: createCatalogueCache({ cache, database, ids }) }),
      close: () => lane.close(),
    };
  },
  seedDemo: ({ database }) => addNewProducts(database, demoProducts),
});
