import type { z } from "zod";
import type { stockFacts } from "../../../modules/inventory/contract.ts";
import type { Violation } from "./violation.ts";

type Position = z.infer<typeof stockFacts.response>["items"][number];

/** What is wrong with the stock of one SKU in one warehouse. */
export function judgeStock({ sku, warehouse, figures, moved, held, shipped, brought }: Position): Violation[] {
  const say = (detail: string): Violation => ({
    invariant: "stock",
    subject: `stock ${sku} in ${warehouse}`,
    detail,
  });
  if (figures === null) return [say(`${moved.onHand} units have moved here, and there is no stock row`)];
  const { onHand, reserved, backorder } = figures;
  const found: Violation[] = [];
  // Of a backorder SKU more may be promised, and sent, than has come in.
  if (reserved < 0 || (reserved > onHand && !backorder)) found.push(say(`${reserved} reserved of ${onHand} on hand`));
  if (moved.onHand !== onHand || moved.reserved !== reserved)
    found.push(
      say(`${onHand} on hand and ${reserved} reserved, but its movements give ${moved.onHand} and ${moved.reserved}`),
    );
  if (brought !== undefined && shipped !== undefined && brought - shipped !== onHand)
    found.push(say(`${onHand} on hand, but ${brought} came in and ${shipped} have left with parcels`));
  if (held !== reserved) found.push(say(`${reserved} reserved, but orders hold ${held}`));
  return found;
}
