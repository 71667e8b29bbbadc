/**
 * A write of one statement behind an Idempotency-Key, where the request has one. The key is written in the statement
 * itself, so it is kept exactly where the effect is: a repetition gets the first effect's answer, also from another
 * replica, also while its twin is a moment ahead of it, and also where the write would be refused by now. A refusal
 * keeps no key. Nothing is retried here.
 */
import { type Database, DatabaseError } from "../../runtime/database/port.ts";
import { keyReused } from "../../runtime/http/command-request.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import { auditParameter, insertAudit, type OperatorAction } from "../../runtime/messages/audit.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";

/**
 * The part of a statement that writes the key, for the one row with a `reference` that `source` selects. Parameters from
 * `first` on: scope and body hash (null: no key) and the time.
 */
export const insertClaim = (source: string, status: number, first: number): string => `keyed as (
    insert into idempotency (scope, body_hash, status, reference, created_at)
    select $${first}::text::uuid, $${first + 1}::text::uuid, ${status}, done.reference, $${first + 2}::text::timestamptz
    from (${source}) as done where $${first}::text is not null
  )`;

/** The parameters of `insertClaim`. */
export const claimParameters = (claim: IdempotencyClaim | null, now: number) => [
  claim?.scope ?? null,
  claim?.bodyHash ?? null,
  new Date(now).toISOString(),
];

/** An operator's request to write something. */
export interface WriteRequest {
  readonly claim: IdempotencyClaim | null;
  readonly operator: OperatorAction | null;
}

/** As `insertClaim`, and the entry in the audit log: one more parameter, which is the last one. */
export const insertRequest = (source: string, status: number, first: number): string =>
  `${insertClaim(source, status, first)}, ${insertAudit(source, first + 3)}`;

/** The parameters of `insertRequest`; `key`: what the entry is found by. */
export const requestParameters = ({ claim, operator }: WriteRequest, key: string, now: number) => [
  ...claimParameters(claim, now),
  auditParameter(operator, { key, atMs: now }),
];

/**
 * What `write` has written, or what its key has written before, as `find` finds it by its reference. `write` throws a
 * `ProblemError` for a refusal, and rejects with a conflict where its key is taken.
 */
export async function keyedWrite<Written>(
  database: Database,
  claim: IdempotencyClaim | null,
  write: () => Promise<Written>,
  find: (reference: string) => Promise<Written | undefined>,
): Promise<Written> {
  try {
    return await write();
  } catch (error) {
    const isKeyTaken = error instanceof DatabaseError && error.kind === "conflict";
    if (claim === null || !(isKeyTaken || error instanceof ProblemError)) throw error;
    const earlier = await findEarlierRequest(database, claim);
    if (earlier === undefined) throw error;
    if (earlier.kind === "keyReused") throw new ProblemError(keyReused());
    const written = await find(earlier.reference);
    if (written === undefined) throw new Error(`a key leads to ${earlier.reference}, which is gone`);
    return written;
  }
}
