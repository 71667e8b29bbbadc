import type { Reply } from "./reply.ts";
import type { RouteSpec } from "./route.ts";
import { documentedStatuses } from "./statuses.ts";

/** Throws for an answer that differs from what the route documents. */
export async function checkReply(spec: RouteSpec, reply: Reply): Promise<void> {
  const status = "response" in reply ? reply.response.status : reply.status;
  const where = `${spec.method} ${spec.path} answered ${status}`;
  if (!documentedStatuses(spec).has(status)) throw new Error(`${where}, which its route does not document`);
  if ("response" in reply) return;
  const schema = spec.responses[status]?.schema;
  const body: unknown = reply.json === undefined ? plain(reply.body) : JSON.parse(reply.json);
  if (!schema) {
    if (body !== undefined) throw new Error(`${where} with a body, which its route does not document`);
    return;
  }
  const result = await schema.safeParseAsync(body);
  if (!result.success) throw new Error(`${where} with a body that does not fit its schema: ${result.error.message}`);
}

/** The body as the client will see it: without undefined fields. */
const plain = (body: unknown): unknown => (body === undefined ? undefined : JSON.parse(JSON.stringify(body)));
