/**
 * The last traces of this process, in memory, so that an order's trace can be looked at without any collector. The oldest
 * trace goes when there are too many, or too many spans; a trace that goes on for ever keeps its first spans.
 */
import { ORDER_ID } from "./active-span.ts";
import type { EndedSpan, SpanSink } from "./span.ts";

export interface KeptTraces {
  readonly keep: SpanSink;
  /** Ids of the traces that have to do with an order, oldest first. */
  about(orderId: string): readonly string[];
  /** What is kept of these traces, each in the order in which spans ended. */
  spansOf(traceIds: readonly string[]): readonly EndedSpan[];
}

interface Limits {
  readonly traces: number;
  readonly spans: number;
  readonly spansOfOne: number;
}

/** `traces`: how many are kept. */
export function keepTraces(
  traces: number,
  limits: Limits = { traces, spans: traces * 100, spansOfOne: 2_000 },
): KeptTraces {
  /** By id, oldest first. */
  const kept = new Map<string, { readonly spans: EndedSpan[]; readonly orders: Set<string> }>();
  const byOrder = new Map<string, Set<string>>();
  let spanCount = 0;

  function dropOldest() {
    const [oldest] = kept;
    if (oldest === undefined) return;
    const [traceId, { spans, orders }] = oldest;
    kept.delete(traceId);
    spanCount -= spans.length;
    for (const order of orders) {
      const others = byOrder.get(order);
      others?.delete(traceId);
      if (others?.size === 0) byOrder.delete(order);
    }
  }

  function noteOrder(traceId: string, orders: Set<string>, order: string) {
    orders.add(order);
    const others = byOrder.get(order);
    if (others) others.add(traceId);
    else byOrder.set(order, new Set([traceId]));
  }

  return {
    keep(span) {
      let trace = kept.get(span.traceId);
      if (trace === undefined) {
        trace = { spans: [], orders: new Set() };
        kept.set(span.traceId, trace);
      }
      if (trace.spans.length >= limits.spansOfOne) return;
      trace.spans.push(span);
      spanCount++;
      const order = span.attributes[ORDER_ID];
      if (typeof order === "string" && !trace.orders.has(order)) noteOrder(span.traceId, trace.orders, order);
      while (kept.size > limits.traces || spanCount > limits.spans) dropOldest();
    },
    about: (orderId) => [...(byOrder.get(orderId) ?? [])],
    spansOf: (traceIds) => traceIds.flatMap((traceId) => kept.get(traceId)?.spans ?? []),
  };
}
