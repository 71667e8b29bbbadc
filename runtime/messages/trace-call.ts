/** The span of a call to the outside world, as part of what its intent was made in. */

import { ORDER_ID } from "../telemetry/active-span.ts";
import type { Span } from "../telemetry/span.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { IntentRow } from "./item.ts";

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
