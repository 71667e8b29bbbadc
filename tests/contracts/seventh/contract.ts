/** All that other modules may know of `seventh`: the points that customers have collected. */
import * as z from "zod";
import { defineEvents } from "../../../runtime/messages/contract.ts";
import { defineRpc } from "../../../runtime/rpc/port.ts";

export const seventhEvents = defineEvents("seventh", {
  PointsCollected: z.object({ customerId: z.string(), points: z.int().positive() }),
});

export const pointsOf = defineRpc({
  module: "seventh",
  name: "pointsOf",
  request: z.object({ customerId: z.string() }),
  response: z.object({ points: z.int() }),
});
