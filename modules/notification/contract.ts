/** `notification` listens and tells nobody: all that others may know of it is what it has told about an order. */
import * as z from "zod";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";

/** What reconcile may know of the notices of an order. */
export const notificationFacts = defineFacts(
  "notification",
  z.object({ notices: z.array(z.object({ kind: z.string(), channel: z.string() })) }),
);
