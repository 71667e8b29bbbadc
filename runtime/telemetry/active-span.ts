/**
 * The span that the work at hand is part of, for what is called from deep inside: a database, a cache, another module.
 * It is kept for what runs within one request or one call, and nothing else: work that other requests are waiting for too
 * is run apart (`forSpans`), and a span that has ended is nobody's any more, so what a request leaves running behind it,
 * such as a timer, adds nothing to its trace.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "./span.ts";
import type { SpanContext } from "./trace-context.ts";

/** What new spans are children of, and what else they are done for. */
export interface ActiveSpan {
  readonly parent: SpanContext;
  readonly links: readonly SpanContext[];
}

interface Kept extends ActiveSpan {
  /** Null: it is another process's, or not of one request alone. */
  readonly span: Span | null;
}

const kept = new AsyncLocalStorage<Kept | undefined>();
const NO_LINKS: readonly SpanContext[] = [];

/** Undefined outside of any trace. */
export function activeSpan(): ActiveSpan | undefined {
  const found = kept.getStore();
  return found?.span?.ended ? undefined : found;
}

/** Runs work as part of a span. */
export const withinSpan = <T>(span: Span, work: () => T): T => kept.run({ parent: span, links: NO_LINKS, span }, work);

/** Runs work as part of another process's span. */
export const withinRemoteSpan = <T>(parent: SpanContext, work: () => T): T =>
  kept.run({ parent, links: NO_LINKS, span: null }, work);

/** Runs work that is no span's, although one is active: what it leaves running is told of on its own. */
export const outsideSpans = <T>(work: () => T): T =>
  kept.getStore() === undefined ? work() : kept.run(undefined, work);

/** Runs work that is done for several at once: part of the first one's trace, with links to the others. */
export function forSpans<T>(askers: readonly { readonly active: ActiveSpan | undefined }[], work: () => T): T {
  const [parent, ...links] = askers.flatMap(({ active }) => active?.parent ?? []);
  return parent === undefined ? outsideSpans(work) : kept.run({ parent, links, span: null }, work);
}

/** The attribute by which an order's traces are found. */
export const ORDER_ID = "app.order.id";

/** Says which order the request or the call at hand is about. */
export function noteOrder(orderId: string): void {
  kept.getStore()?.span?.set(ORDER_ID, orderId);
}
