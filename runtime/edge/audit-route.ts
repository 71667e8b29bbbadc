/**
 * The audit log of all modules as one list. Each module answers for its own part by rpc; one that does not answer is
 * named in a 503, because a list with a gap would pass for the whole. What has an entry: messages/audit.ts.
 */
import * as z from "zod";
import { pageOf, pageQuery, pageRequest } from "../http/paging.ts";
import { type Route, route } from "../http/route.ts";
import { type AuditEntry, auditOutcomes } from "../messages/audit.ts";
import { type AuditPosition, auditRpc } from "../messages/audit-rpc.ts";
import type { RpcClient } from "../rpc/port.ts";
import { askModules } from "./ask-modules.ts";

const TIMEOUT_MS = 5_000;

const itemSchema = z.strictObject({
  id: z.uuid().describe("Of the request: one that concerns several modules has an entry in each of them."),
  module: z.string(),
  at: z.iso.datetime(),
  subject: z.string().describe("Of the operator's token."),
  issuer: z.string().describe("Of the operator's token."),
  action: z.string().meta({ example: "POST /api/v1/orders/{id}/cancel" }),
  objects: z.record(z.string(), z.string()).describe("What it is about: the parameters of the path, and other ids."),
  key: z.string().optional().describe("The order's id where it is about an order, else that of what has changed."),
  outcome: z
    .enum(auditOutcomes)
    .describe("done: it is in the same commit as the effect. begun: the effect followed, in commits of its own."),
  traceId: z.string().optional().describe("Of the request's trace, where it was sent with one."),
  idempotencyScope: z.uuid().optional().describe("Of its Idempotency-Key, hashed with the caller, method and path."),
});

interface Listed {
  readonly module: string;
  readonly entry: AuditEntry;
}

const shown = ({ module, entry }: Listed): z.infer<typeof itemSchema> => {
  const { atMs, key, traceId, scope, ...told } = entry;
  return {
    ...told,
    module,
    at: new Date(atMs).toISOString(),
    ...(key === "" ? {} : { key }),
    ...(traceId === null ? {} : { traceId }),
    ...(scope === null ? {} : { idempotencyScope: scope }),
  };
};

/** Time, id and module of the last entry. */
const cursorSchema = z.tuple([z.int().min(0).max(Date.UTC(9999, 0)), z.uuid(), z.string()]);
type Cursor = z.infer<typeof cursorSchema>;

const sortKey = ({ module, entry }: Listed): Cursor => [entry.atMs, entry.id, module];

/** The newest first; the same request in several modules by the modules' names. */
function newestFirst(a: Listed, b: Listed): number {
  if (a.entry.atMs !== b.entry.atMs) return b.entry.atMs - a.entry.atMs;
  if (a.entry.id !== b.entry.id) return a.entry.id < b.entry.id ? 1 : -1;
  return a.module < b.module ? -1 : 1;
}

const positionIn = (module: string, [atMs, id, before]: Cursor): AuditPosition => ({ atMs, id, with: module > before });

const instant = z.iso.datetime().meta({ example: "2026-01-31T00:00:00Z" });

/** `GET /api/v1/ops/audit`. */
export const auditRoute = ({ rpc, modules }: { readonly rpc: RpcClient; readonly modules: readonly string[] }): Route =>
  route({
    method: "GET",
    path: "/api/v1/ops/audit",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "What operators have changed",
    description:
      "The newest first. Each request of an operator that had an effect has an entry, written in the commit of that effect; a request that was repeated under its Idempotency-Key has one. What was refused changed nothing and has none.",
    query: z.strictObject({
      subject: z.string().min(1).max(255).optional().describe("Only what this operator did."),
      action: z.string().min(1).max(255).optional().describe("Only this: method and path as in an entry."),
      orderId: z.uuid().optional().describe("Only what was done to this order, its payment and its delivery."),
      from: instant.optional().describe("Only what was done then or later."),
      until: instant.optional().describe("Only what was done before."),
      ...pageQuery,
    }),
    responses: { 200: { description: "A page of entries.", schema: pageOf(itemSchema) } },
    async handle(request) {
      const { subject, action, orderId, from, until } = request.query;
      const page = pageRequest(request, cursorSchema);
      const { after, limit } = page;
      const filter = {
        ...(subject !== undefined && { subject }),
        ...(action !== undefined && { action }),
        ...(orderId !== undefined && { key: orderId.toLowerCase() }),
        ...(from !== undefined && { fromMs: Date.parse(from) }),
        ...(until !== undefined && { untilMs: Date.parse(until) }),
      };
      const answers = await askModules(modules, async (module) => {
        const asking = { after: after && positionIn(module, after), limit: limit + 1, filter };
        const { entries } = await rpc.call(auditRpc(module).list, asking, { timeoutMs: TIMEOUT_MS });
        return entries.map((entry): Listed => ({ module, entry }));
      });
      return page.reply(
        answers
          .flat()
          .sort(newestFirst)
          .slice(0, limit + 1),
        sortKey,
        shown,
      );
    },
  });
