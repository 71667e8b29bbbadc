/**
 * `PUT` of a product: the whole of it, with its prices, in one commit. It is written over the version that was read a
 * moment before, so of two writers at once the later one reads again and replaces the whole of the other's; with
 * `If-Match` it is refused instead. When the answer is there, every quote reads what was written, for quotes read the
 * database; the catalogue's cache has been told.
 */
import type { z } from "zod";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { requireMatch } from "../../runtime/http/if-match.ts";
import { ProblemError, problem } from "../../runtime/http/problem.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import type { CatalogueCache } from "./catalogue-cache.ts";
import type { newProductSchema } from "./product-schema.ts";
import { findProduct, type Product, saveProduct } from "./store.ts";

export interface ProductWriteDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalogue: CatalogueCache;
}

/** Each lost race is another writer's success. */
const MOST_TRIES = 30;

/** The product as it is now; `created` where there was none of that SKU. Throws a 412. */
export async function putProduct(
  { database, catalogue, clock }: ProductWriteDeps,
  sku: string,
  given: z.infer<typeof newProductSchema>,
  { ifMatch, operator }: { readonly ifMatch: string | undefined; readonly operator: OperatorAction | null },
): Promise<{ readonly product: Product; readonly created: boolean }> {
  const prices = given.prices.toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const present = await findProduct(database, sku);
    requireMatch(ifMatch, present?.version);
    const product = { ...given, sku, prices, version: (present?.version ?? 0) + 1 };
    if (!(await saveProduct(database, product, operator, clock.now()))) continue;
    await catalogue.changed();
    return { product, created: present === undefined };
  }
  throw new ProblemError(
    problem("overloaded", `Too many others write ${sku} now. Send the same request again in 1 s.`),
    {
      "retry-after": "1",
    },
  );
}
