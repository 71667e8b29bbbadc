/** `seventh` counts the points of confirmed orders. It is declared as a module is; the tests run nothing of it. */
import * as z from "zod";
import { orderEvents } from "../../../modules/order/contract.ts";
import { priceBasket } from "../../../modules/pricing/contract.ts";
import { route } from "../../../runtime/http/route.ts";
import { defineModule } from "../../../runtime/module.ts";
import { answers } from "../../../runtime/rpc/port.ts";
import { pointsOf, seventhEvents } from "./contract.ts";

export const seventh = defineModule({
  name: "seventh",
  subscribes: [orderEvents],
  sends: [seventhEvents],
  serves: [pointsOf],
  asks: [priceBasket],
  routes: [
    route({
      method: "GET",
      path: "/api/v1/seventh/{customerId}",
      rights: { callers: "operators", scope: "seventh:read", object: "shared" },
      tag: "seventh",
      summary: "A customer's points",
      params: z.object({ customerId: z.string() }),
      responses: { 200: { description: "The points.", schema: z.object({ points: z.int() }) } },
      handle: async () => ({ status: 200, body: { points: 0 } }),
    }),
  ],
  migrations: [{ id: "0000_initial", sql: "create table points (customer_id text primary key, points int not null)" }],
  build: () => ({ rpc: [answers(pointsOf, async () => ({ points: 0 }))], routes: () => undefined }),
});
