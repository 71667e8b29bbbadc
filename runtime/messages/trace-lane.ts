/**
 * Spans of a batch's statements: one for each traced item, as a child of what the item came from, so that each order's
 * trace shows the time that its commits took. They stand for one statement, so all but the first link to the first.
 */
import type { Lane, Statement } from "../database/port.ts";
import { duringStatement, statementSpan } from "../database/trace-database.ts";
import { ORDER_ID } from "../telemetry/active-span.ts";
import type { Span } from "../telemetry/span.ts";
import type { SpanContext } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import { itemTraceparent, type Traceable } from "./item.ts";

/** A lane that is told what its next statements are done for. */
export interface TracedLane extends Lane {
  about(items: readonly Traceable[]): void;
}

interface Traced {
  readonly parent: SpanContext;
  /** Undefined: it is about no order. */
  readonly orderId: string | undefined;
}

const NOBODY: readonly Traced[] = [];

function orderOf(item: Traceable): string | undefined {
  if (item.kind === "message") return item.envelope.correlationId;
  // A command on shared rows alone has an aggregate's key in name only.
  return item.kind === "command" && item.sharedOnly ? undefined : item.key;
}

export function traceLane(lane: Lane, tracer: Tracer, module: string): TracedLane {
  let traced = NOBODY;
  let batchSize = 0;

  function tracedOf(items: readonly Traceable[]): readonly Traced[] {
    let found: Traced[] | undefined;
    for (const item of items) {
      const parent = tracer.parentOf(itemTraceparent(item));
      if (parent === undefined) continue;
      found ??= [];
      found.push({ parent, orderId: orderOf(item) });
    }
    return found ?? NOBODY;
  }

  function open(doing: string, statement: Statement): readonly Span[] {
    const spans: Span[] = [];
    for (const { parent, orderId } of traced) {
      const [first] = spans;
      const attributes = { "app.batch.size": batchSize, ...(orderId === undefined ? {} : { [ORDER_ID]: orderId }) };
      spans.push(statementSpan(tracer, module, doing, statement, { parent, links: first ? [first] : [], attributes }));
    }
    return spans;
  }

  return {
    about(items) {
      batchSize = items.length;
      traced = tracedOf(items);
    },
    run(statement) {
      if (traced.length === 0) return lane.run(statement);
      const doing = /^\s*select\b/.test(statement.text) ? "load" : "save";
      return duringStatement(open(doing, statement), () => lane.run(statement));
    },
    async begin(statement) {
      if (traced.length === 0) return lane.begin(statement);
      const begun = await duringStatement(open("lock", statement), () => lane.begin(statement));
      return { ...begun, commit: (last) => duringStatement(open("save", last), () => begun.commit(last)) };
    },
    close: () => lane.close(),
  };
}
