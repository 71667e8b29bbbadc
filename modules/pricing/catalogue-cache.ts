/**
 * Reads the catalogue through a cache that all replicas share. Quotes never pass here: what a customer pays is read
 * from the database.
 *
 * Every entry bears the generation of the catalogue that was in the cache before the entry's read of the database
 * began, and counts only while that generation is there. A write ends the generation after its commit, and none comes
 * twice. So what was read before a write is of no use after it, however late it comes into the cache; where a write
 * removed the entries themselves, such a latecomer would stay for its whole time. There is one generation, not one a
 * product: a page holds many products, and writes are rare.
 *
 * A read that begins after `changed` has resolved sees the write: in this process always, in the others when the cache
 * could be told. Where it could not, or the process ended between its commit and `changed`, the others may show the old
 * catalogue for `TTL_MS`; here the cache stays unused until it has been told, which every read tries. Nothing else is
 * retried: a cache that fails costs a read of the database.
 */
import * as z from "zod";
import type { Cache, Kept } from "../../runtime/cache/port.ts";
import type { Database } from "../../runtime/database/port.ts";
import type { Ids } from "../../runtime/ids.ts";
import { productSchema } from "./product-schema.ts";
import { findProduct, listProducts, type Product } from "./store.ts";

export interface CatalogueCache {
  /** At most `limit` products after `afterSku`, in the order of their SKUs. */
  list(afterSku: string | null, limit: number): Promise<readonly Product[]>;
  find(sku: string): Promise<Product | undefined>;
  /** For whoever has written to the catalogue: after the commit, before the write is answered. */
  changed(): Promise<void>;
}

export interface CatalogueCacheDeps {
  readonly cache: Cache;
  readonly database: Database;
  readonly ids: Ids;
}

const TTL_MS = 30_000;
const GENERATION_TTL_MS = 3_600_000;
const GENERATION = "pricing.catalogue.generation";
const listKey = (afterSku: string | null, limit: number) => `pricing.catalogue.list ${limit} ${afterSku ?? ""}`;
const productKey = (sku: string) => `pricing.catalogue.product ${sku}`;

const listSchema = z.array(productSchema);
const foundSchema = productSchema.optional();

export function createCatalogueCache({ cache, database, ids }: CatalogueCacheDeps): CatalogueCache {
  let written = 0;
  /** Of the writes here, how many the cache has been told of. */
  let told = 0;

  async function tell(): Promise<boolean> {
    const upTo = written;
    const isTold = await cache.remove([GENERATION]);
    if (isTold) told = Math.max(told, upTo);
    return isTold;
  }

  /** Undefined: it is not sure to be in the cache, so nothing is to be written under it. */
  async function beginGeneration(): Promise<string | undefined> {
    const generation = ids.next();
    return (await cache.set(GENERATION, generation, GENERATION_TTL_MS)) ? generation : undefined;
  }

  async function read<T>(key: string, schema: z.ZodType<T>, load: () => Promise<T>): Promise<T> {
    if (told < written && !(await tell())) return load();
    const [current, kept] = await Promise.all([cache.get(GENERATION), cache.get(key)]);
    const generation = current === null ? await beginGeneration() : current;
    if (generation === undefined) return load();
    const known = decode(kept, generation, schema);
    if (known !== undefined) return known;
    const value = await load();
    // What does not exist is not kept: there is no end of names for it.
    if (value !== undefined) void cache.set(key, `${generation} ${JSON.stringify(value)}`, TTL_MS);
    return value;
  }

  return {
    list: (afterSku, limit) =>
      read<readonly Product[]>(listKey(afterSku, limit), listSchema, () => listProducts(database, afterSku, limit)),
    find: (sku) => read<Product | undefined>(productKey(sku), foundSchema, () => findProduct(database, sku)),
    async changed() {
      written++;
      await tell();
    },
  };
}

/** Undefined also for what another release has written in another form. */
function decode<T>(kept: Kept, generation: string, schema: z.ZodType<T>): T | undefined {
  const prefix = `${generation} `;
  if (!kept?.startsWith(prefix)) return undefined;
  try {
    return schema.safeParse(JSON.parse(kept.slice(prefix.length))).data;
  } catch {
    return undefined;
  }
}
