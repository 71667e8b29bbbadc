/** The statements of quotes. Table: store.ts. */
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import { createGroupedWork } from "../../runtime/database/grouped-work.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { KeyedRows } from "../../runtime/messages/retention.ts";
import { pricedSchema } from "./contract.ts";
import { claimParameters, insertClaim } from "./keyed-write.ts";
import type { Quote } from "./quote.ts";

const HOUR_MS = 3_600_000;

/** Quotes go some time after the keys that lead to them (`retention.ts`); whoever comes late is told that they expired. */
export const keyedQuotes = (quoteLifetimeMs: number): KeyedRows => ({
  table: "quote",
  outliveKeysByMs: quoteLifetimeMs + HOUR_MS,
});

/** Adds a quote, with the key of the request for it; rejects with a conflict where the key was used before. */
export async function addQuote(
  database: Database,
  { id, customerId, addressDigest, couponCode, price, expiresAt }: Quote,
  claim: IdempotencyClaim | null,
  now: number,
): Promise<void> {
  await database.query({
    text: `with added as (
        insert into quote (id, customer_id, address_digest, coupon_code, price, scope, expires_at, created_at)
        values ($1::text::uuid, $2, $3::text::uuid, $4, $5::text::json, $7::text::uuid, $6::text::timestamptz,
          $9::text::timestamptz) returning id
      ), ${insertClaim("select id::text as reference from added", 201, 7)} select id from added`,
    params: [
      id,
      customerId,
      addressDigest,
      couponCode,
      JSON.stringify(price),
      new Date(expiresAt).toISOString(),
      ...claimParameters(claim, now),
    ],
  });
}

/** Reads quotes; requests that come together share a statement. */
export function quoteReader(database: Database): (id: string) => Promise<Quote | undefined> {
  return createGroupedWork(async (ids: readonly string[]) => {
    const rows = await database.query({
      text: `select id, customer_id, address_digest, coupon_code, price, expires_at from quote
        where id = any($1::uuid[])`,
      params: [arrayLiteral([...new Set(ids)].sort())],
    });
    const found = new Map(rows.map(quoteOf).map((quote) => [quote.id, quote]));
    return ids.map((id) => found.get(id.toLowerCase()));
  });
}

const quoteOf = (row: Row): Quote => ({
  id: String(row["id"]),
  customerId: String(row["customer_id"]),
  addressDigest: String(row["address_digest"]),
  couponCode: row["coupon_code"] === null ? null : String(row["coupon_code"]),
  price: pricedSchema.parse(row["price"]),
  expiresAt: Number(row["expires_at"]),
});
