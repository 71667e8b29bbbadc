/**
 * Spans of a batch's statements: one for each traced item, as a child of what the item came from, so that each order's
 * trace shows the time that its commits took. They stand for one statement, so all but the first link to the first.
 */
import type { Lane, Row, Statement } from "../database/port.ts";
import { type Traceable, traceparentOf } from "../messages/item.ts";
import { ORDER_ID } from "./active-span.ts";
import type { Span } from "./span.ts";
import type { SpanContext } from "./trace-context.ts";
import { duringStatement, statementSpan } from "./trace-database.ts";
import type { Tracer } from "./tracer.ts";

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
      const parent = tracer.parentOf(traceparentOf(item));
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

  const during = (doing: string, statement: Statement, work: () => Promise<Row[]>) =>
    traced.length === 0 ? work() : duringStatement(open(doing, statement), work);

  return {
    about(items) {
      batchSize = items.length;
      traced = tracedOf(items);
    },
    run: (statement) =>
      during(/^\s*select\b/.test(statement.text) ? "load" : "save", statement, () => lane.run(statement)),
    async begin(statement) {
      if (traced.length === 0) return lane.begin(statement);
      const begun = await duringStatement(open("lock", statement), () => lane.begin(statement));
      return { ...begun, commit: (last) => during("save", last, () => begun.commit(last)) };
    },
    close: () => lane.close(),
  };
}
