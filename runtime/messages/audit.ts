/**
 * The audit log: what operators have changed, when, and on what. Each module keeps its own, in a table to which its role
 * may only add; the platform shows all of them as one list (edge/audit-route.ts).
 *
 * Guaranteed: an operator's effect that is committed has its entry, because the entry is written in the statement that
 * has the effect; and nothing has an entry that is not committed. A request that is repeated under its Idempotency-Key
 * has no second effect, so no second entry. What lets dead letters go commits more than once: its entry is written before
 * the first of these commits, and its outcome is `begun`. Attempts that are refused change nothing and leave no entry.
 *
 * An entry names things by their ids and holds nothing that was typed: no reasons, no addresses, no tokens. It holds who
 * by the token's subject and issuer. Nothing here goes away by itself: docs/retention.md.
 */
import * as z from "zod";
import type { Statement } from "../database/port.ts";
import type { Write } from "./aggregate.ts";

/** A request of an operator that may change something, as the HTTP layer knows it. */
export const operatorActionSchema = z.object({
  /** Another one for each request. */
  id: z.uuid(),
  subject: z.string(),
  issuer: z.string(),
  /** Method and path of the route. */
  action: z.string(),
  /** Names of what it is about, such as the parameters of the path. */
  objects: z.record(z.string(), z.string()),
  traceId: z.string().nullable(),
  /** Of its Idempotency-Key. */
  scope: z.uuid().nullable(),
});
export type OperatorAction = z.infer<typeof operatorActionSchema>;

/** `done`: the effect stands in the same commit. `begun`: it follows, in commits of its own. */
export const auditOutcomes = ["done", "begun"] as const;

export interface AuditEntry extends OperatorAction {
  readonly atMs: number;
  /** Of the aggregate, and so of all messages that follow: the order's id, a SKU, a coupon's code. */
  readonly key: string;
  readonly outcome: (typeof auditOutcomes)[number];
}

/** What a command brings along for its entry. */
export const commandAuditSchema = operatorActionSchema.extend({ key: z.string() });
export type CommandAudit = z.infer<typeof commandAuditSchema>;

/** The action with more names of what it is about. */
export function about(
  action: OperatorAction | null,
  more: Readonly<Record<string, string | undefined>>,
): OperatorAction | null {
  if (action === null) return null;
  const named = Object.entries(more).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return { ...action, objects: { ...action.objects, ...Object.fromEntries(named) } };
}

/** An entry as a JSON row. */
export const auditRow = ({ atMs, traceId, ...entry }: AuditEntry) => ({
  ...entry,
  at: new Date(atMs).toISOString(),
  trace_id: traceId,
});

const COLUMNS = "id, at, subject, issuer, action, objects, key, outcome, trace_id, scope";

// One request may write twice, such as to open a stock and then to change it: it has one entry.
const insertFrom = (parameter: string, where = "") => `insert into audit (${COLUMNS})
    select ${COLUMNS} from json_to_recordset(${parameter}::text::json) as x(id uuid, at timestamptz, subject text,
      issuer text, action text, objects json, key text, outcome text, trace_id text, scope uuid) ${where}
    on conflict (id) do nothing returning 1`;

/** In the statement of a batch. */
export const auditWrite: Write = { label: "audit", sql: insertFrom("$") };

/** The part of a statement that writes the entry in its parameter of that number, if `source` has a row. */
export const insertAudit = (source: string, parameter: number): string =>
  `noted as (${insertFrom(`$${parameter}`, `where exists (${source})`)})`;

/** That parameter; nothing is written for who is no operator. */
export const auditParameter = (
  action: OperatorAction | null,
  { key, atMs, outcome = "done" }: Pick<AuditEntry, "key" | "atMs"> & Partial<Pick<AuditEntry, "outcome">>,
): string => JSON.stringify(action === null ? [] : [auditRow({ ...action, key, atMs, outcome })]);

/** The statement, an `insert` or `update` with `returning`, and the entry where it has changed something. */
export const audited = (
  { text, params }: Statement,
  action: OperatorAction | null,
  effect: Pick<AuditEntry, "key" | "atMs">,
): Statement => ({
  text: `with done as (${text}), ${insertAudit("select from done", params.length + 1)} select * from done`,
  params: [...params, auditParameter(action, effect)],
});
