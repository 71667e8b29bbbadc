/**
 * The last traces of this process, in memory, so that an order's trace can be looked at without any collector. The oldest
 * trace goes when there are too many, or too many spans; a trace that goes on for ever keeps its first spans.
 *
 * Traces that are about no order go first, down to a quarter of all: else whoever reads often, such as a page that polls,
 * would drive out the orders. That quarter is for those that have only begun, and for what never learns whose they are.
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

interface Kept {
  readonly spans: EndedSpan[];
  readonly orders: Set<string>;
}

/** `traces`: how many are kept. */
export function keepTraces(
  traces: number,
  limits: Limits = { traces, spans: traces * 100, spansOfOne: 2_000 },
): KeptTraces {
  /** By id, oldest first. A trace moves to the other when its first order is known. */
  const ofNone = new Map<string, Kept>();
  const ofOrders = new Map<string, Kept>();
  const byOrder = new Map<string, Set<string>>();
  let spanCount = 0;

  const find = (traceId: string) => ofOrders.get(traceId) ?? ofNone.get(traceId);

  function dropOldest() {
    const from = ofNone.size > Math.max(1, limits.traces / 4) || ofOrders.size === 0 ? ofNone : ofOrders;
    const [oldest] = from;
    if (oldest === undefined) return;
    const [traceId, { spans, orders }] = oldest;
    from.delete(traceId);
    spanCount -= spans.length;
    for (const order of orders) {
      const others = byOrder.get(order);
      others?.delete(traceId);
      if (others?.size === 0) byOrder.delete(order);
    }
  }

  function noteOrder(traceId: string, trace: Kept, order: string) {
    trace.orders.add(order);
    if (ofNone.delete(traceId)) ofOrders.set(traceId, trace);
    const others = byOrder.get(order);
    if (others) others.add(traceId);
    else byOrder.set(order, new Set([traceId]));
  }

  return {
    keep(span) {
      let trace = find(span.traceId);
      if (trace === undefined) {
        trace = { spans: [], orders: new Set() };
        ofNone.set(span.traceId, trace);
      }
      if (trace.spans.length >= limits.spansOfOne) return;
      trace.spans.push(span);
      spanCount++;
      const order = span.attributes[ORDER_ID];
      if (typeof order === "string" && !trace.orders.has(order)) noteOrder(span.traceId, trace, order);
      while (ofNone.size + ofOrders.size > limits.traces || spanCount > limits.spans) dropOldest();
    },
    about: (orderId) => [...(byOrder.get(orderId) ?? [])],
    spansOf: (traceIds) => traceIds.flatMap((traceId) => find(traceId)?.spans ?? []),
  };
}
