/** The span of a call to the outside world, as part of what its intent was made in. */
import type { IntentRow } from "../messages/item.ts";
import { ORDER_ID } from "./active-span.ts";
import type { Span } from "./span.ts";
import type { Tracer } from "./tracer.ts";

/** Undefined where it is not traced. */
export function callSpan(
  tracer: Tracer,
  module: string,
  { kind, key, traceparent }: IntentRow,
  { peer }: { readonly peer: string },
): Span | undefined {
  const parent = tracer.parentOf(traceparent);
  return (
    parent &&
    tracer.child(parent, {
      name: `call ${kind}`,
      kind: "client",
      module,
      attributes: { "peer.service": peer, "app.call.kind": kind, [ORDER_ID]: key },
    })
  );
}
