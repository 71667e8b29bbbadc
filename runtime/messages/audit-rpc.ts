/** What every module answers about its part of the audit log; operators ask through the edge. */
import * as z from "zod";
import type { Database, Parameter, Row } from "../database/port.ts";
import { answers, defineRpc, type RpcHandler } from "../rpc/port.ts";
import { type AuditEntry, auditOutcomes, operatorActionSchema } from "./audit.ts";

export const auditEntrySchema = operatorActionSchema.extend({
  atMs: z.number(),
  key: z.string(),
  outcome: z.enum(auditOutcomes),
}) satisfies z.ZodType<AuditEntry>;

/** Entries that match all that is given; `untilMs` is exclusive. */
const filterSchema = z.object({
  subject: z.string().optional(),
  action: z.string().optional(),
  key: z.string().optional(),
  fromMs: z.number().optional(),
  untilMs: z.number().optional(),
});
export type AuditFilter = z.infer<typeof filterSchema>;

/** A place in the list, which begins with the newest; `with`: an entry of exactly that place belongs to what follows. */
const positionSchema = z.object({ atMs: z.number(), id: z.uuid(), with: z.boolean() });
export type AuditPosition = z.infer<typeof positionSchema>;

export const auditRpc = (module: string) => ({
  list: defineRpc({
    module,
    name: "audit.list",
    request: z.object({
      after: positionSchema.nullable(),
      limit: z.int().positive().max(1000),
      filter: filterSchema,
    }),
    response: z.object({ entries: z.array(auditEntrySchema).readonly() }),
  }),
});

/** A module without messages has no log: it changes nothing that an operator could ask for. */
export function auditHandlers(module: string, database: Database | undefined): readonly RpcHandler[] {
  return [
    answers(auditRpc(module).list, async ({ after, limit, filter }) => ({
      entries: database ? await readAudit(database, after, limit, filter) : [],
    })),
  ];
}

/** The entries after a place that match, the newest first, at most `limit`. */
export async function readAudit(
  database: Database,
  after: AuditPosition | null,
  limit: number,
  filter: AuditFilter,
): Promise<readonly AuditEntry[]> {
  const { conditions, params, text } = conditionsOf(filter, after);
  const where = conditions.length > 0 ? `where ${conditions.join(" and ")}` : "";
  const rows = await database.query({
    text: `select id, at, subject, issuer, action, objects, key, outcome, trace_id, scope from audit
      ${where} order by at desc, id desc limit ${text(limit)}::integer`,
    params,
  });
  return rows.map(entryOf);
}

/**
 * Only what is asked for stands in the statement: of a condition that may be off, the server's plan for all parameters
 * makes no bound of an index. `text` adds a parameter and says how SQL names it.
 */
function conditionsOf({ subject, action, key, fromMs, untilMs }: AuditFilter, after: AuditPosition | null) {
  const params: Parameter[] = [];
  const text = (value: string | number) => `$${params.push(String(value))}::text`;
  const time = (ms: number) => `${text(timeOf(ms))}::timestamptz`;
  const conditions: string[] = [];
  if (after !== null)
    conditions.push(`(at, id) ${after.with ? "<=" : "<"} (${time(after.atMs)}, ${text(after.id)}::uuid)`);
  if (fromMs !== undefined) conditions.push(`at >= ${time(fromMs)}`);
  if (untilMs !== undefined) conditions.push(`at < ${time(untilMs)}`);
  if (subject !== undefined) conditions.push(`subject = ${text(subject)}`);
  if (action !== undefined) conditions.push(`action = ${text(action)}`);
  if (key !== undefined) conditions.push(`key = ${text(key)}`);
  return { conditions, params, text };
}

/** No entry is as late. */
const LAST_MS = Date.UTC(9999, 0);

/** What lies before all entries or after them is no farther away than that: the database knows fewer years. */
const timeOf = (ms: number) => new Date(Math.min(Math.max(0, ms), LAST_MS)).toISOString();

const entryOf = ({ at, trace_id, ...row }: Row): AuditEntry =>
  auditEntrySchema.parse({ ...row, atMs: Number(at), traceId: trace_id });
