import type { Database } from "../database/port.ts";

/** The effect that an Idempotency-Key has had already; `keyReused`: by a request with another body. */
export type EarlierRequest =
  | { readonly kind: "replayed"; readonly status: number; readonly reference: string }
  | { readonly kind: "keyReused" };

/** Looks a request up that may be a repetition, for refusals that come before its command reaches the lane. */
export async function findEarlierRequest(
  database: Database,
  claim: { readonly scope: string; readonly bodyHash: string },
): Promise<EarlierRequest | undefined> {
  const [row] = await database.query({
    text: "select body_hash, status, reference from idempotency where scope = $1::uuid",
    params: [claim.scope],
  });
  if (!row) return undefined;
  if (row.body_hash !== claim.bodyHash) return { kind: "keyReused" };
  return { kind: "replayed", status: Number(row.status), reference: String(row.reference) };
}
