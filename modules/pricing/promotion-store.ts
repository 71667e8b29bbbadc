/** The statements of promotions. Table: store.ts. */
import * as z from "zod";
import type { Database, Row } from "../../runtime/database/port.ts";
import { insertAudit } from "../../runtime/messages/audit.ts";
import { insertClaim, insertRequest, requestParameters, type WriteRequest } from "./keyed-write.ts";
import { type Promotion, type PromotionTerms, promotionKinds } from "./promotion.ts";

/** With its place in the order of creation. */
export type NumberedPromotion = Promotion & { readonly sequence: number };

/** What the column `terms` holds. */
export const termsColumn: z.ZodType<PromotionTerms> = z.object({
  name: z.string(),
  kind: z.enum(promotionKinds),
  skus: z.array(z.string()).nullable(),
  value: z.int().nullable(),
  currency: z.string().nullable(),
  buy: z.int().nullable(),
  get: z.int().nullable(),
  validFrom: z.int().nullable(),
  validUntil: z.int().nullable(),
  minimumSpend: z.object({ amount: z.int(), currency: z.string() }).nullable(),
});

function promotionOf(row: Row): NumberedPromotion {
  const terms = termsColumn.parse(row["terms"]);
  return { ...terms, id: String(row["id"]), enabled: row["enabled"] === true, sequence: Number(row["sequence"]) };
}

const COLUMNS = "id, sequence, enabled, terms";

/** Adds a promotion, with the key of the request for it. Rejects with a conflict where the key was used before. */
export async function addPromotion(
  database: Database,
  { id, enabled, ...terms }: Promotion,
  request: WriteRequest,
  now: number,
): Promise<void> {
  await database.query({
    text: `with added as (
        insert into promotion (id, enabled, terms, valid_until)
        values ($1::uuid, $2::boolean, $3::text::json, coalesce($8::text, 'infinity')::timestamptz) returning id
      ), ${insertRequest("select id::text as reference from added", 201, 4)} select id from added`,
    params: [
      id,
      enabled,
      JSON.stringify(terms),
      ...requestParameters(request, id, now),
      terms.validUntil === null ? null : new Date(terms.validUntil).toISOString(),
    ],
  });
}

/**
 * The promotion, which applies no more; undefined where there is none. One that applied no more before is changed by
 * nobody, and has no entry in the audit log. Rejects with a conflict as above.
 */
export async function disablePromotion(
  database: Database,
  id: string,
  request: WriteRequest,
  now: number,
): Promise<NumberedPromotion | undefined> {
  const [row] = await database.query({
    text: `with disabled as (
        update promotion set enabled = false where id = $1::uuid returning ${COLUMNS}, old.enabled as was_enabled
      ), ${insertClaim("select id::text as reference from disabled", 200, 2)},
      ${insertAudit("select from disabled where was_enabled", 5)} select ${COLUMNS} from disabled`,
    params: [id, ...requestParameters(request, id, now)],
  });
  return row && promotionOf(row);
}

/** At most `limit` promotions after a place in the order of creation, in that order. */
export async function listPromotions(
  database: Database,
  afterSequence: number,
  limit: number,
): Promise<NumberedPromotion[]> {
  const rows = await database.query({
    text: `select ${COLUMNS} from promotion where sequence > $1::bigint order by sequence limit $2::integer`,
    params: [afterSequence, limit],
  });
  return rows.map(promotionOf);
}

export async function findPromotion(database: Database, id: string): Promise<NumberedPromotion | undefined> {
  const [row] = await database.query({
    text: `select ${COLUMNS} from promotion where id = $1::uuid`,
    params: [id],
  });
  return row && promotionOf(row);
}
