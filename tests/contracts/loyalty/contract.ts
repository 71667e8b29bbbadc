/** All that other modules may know of `loyalty`: the points that customers have collected. */
import * as z from "zod";
import { defineEvents } from "../../../runtime/messages/contract.ts";
import { defineRpc } from "../../../runtime/rpc/port.ts";

export const loyaltyEvents = defineEvents("loyalty", {
  PointsCollected: z.object({ customerId: z.string(), points: z.int().positive() }),
});

export const pointsOf = defineRpc({
  module: "loyalty",
  name: "pointsOf",
  request: z.object({ customerId: z.string() }),
  response: z.object({ points: z.int() }),
});
