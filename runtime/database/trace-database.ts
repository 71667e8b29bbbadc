/**
 * Spans of statements, as children of the span of the request or call that asks for them. Statements that belong to none,
 * such as a relay's sweeps, have no span.
 */

import { activeSpan } from "../telemetry/active-span.ts";
import type { Attributes, Span } from "../telemetry/span.ts";
import type { SpanContext } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import { type Database, DatabaseError, type Statement } from "./port.ts";

/** Longer ones are cut: their beginning says what they do, and each byte of a span is paid for when it is sent. */
const STATEMENT_LIMIT = 160;

/** What a statement is done for, and what else is told of it. */
export interface StatementTrace {
  readonly parent: SpanContext;
  readonly links: readonly SpanContext[];
  readonly attributes?: Attributes;
}

/** Of a statement on the module's database. `doing`: in a word. */
export const statementSpan = (
  tracer: Tracer,
  module: string,
  doing: string,
  { text }: Statement,
  { parent, links, attributes = {} }: StatementTrace,
): Span =>
  tracer.child(parent, {
    name: `${module} ${doing}`,
    kind: "client",
    module,
    links,
    attributes: {
      "peer.service": `${module}-db`,
      "db.system": "postgresql",
      "db.name": module,
      // Values stand in parameters only, so the text holds none.
      "db.statement": text.length > STATEMENT_LIMIT ? `${text.slice(0, STATEMENT_LIMIT)}…` : text,
      ...attributes,
    },
  });

/** The spans end with the work, which ends as it would without. */
export async function duringStatement<T>(spans: readonly Span[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // No more of it: a server's message may hold values.
    const type = error instanceof DatabaseError ? `${error.kind} ${error.sqlState}`.trim() : "error";
    for (const span of spans) span.fail(type);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

/** Traces what is asked of a module's database for a request. The lane of its messages: messages/trace-lane.ts. */
export function traceDatabase(database: Database, tracer: Tracer, module: string): Database {
  const traced = (run: Database["query"]): Database["query"] => {
    return (statement) => {
      const active = activeSpan();
      if (active === undefined) return run(statement);
      return duringStatement([statementSpan(tracer, module, "query", statement, active)], () => run(statement));
    };
  };
  return {
    ...database,
    query: traced(database.query),
    lane(name) {
      const lane = database.lane(name);
      return { ...lane, run: traced(lane.run) };
    },
  };
}
