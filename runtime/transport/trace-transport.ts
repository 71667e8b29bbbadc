/**
 * Spans of messages: a PRODUCER for each sending, and a CONSUMER for each delivery that is its child, over whichever
 * transport. What the handler sets off is part of the CONSUMER's trace, since the envelope that it gets says so. A message
 * that is published or delivered again has a span for each time.
 */
import type { Envelope } from "../messages/envelope.ts";
import { ORDER_ID } from "../telemetry/active-span.ts";
import type { Span, SpanKind } from "../telemetry/span.ts";
import type { SpanContext } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Transport } from "./port.ts";

/** `system`: what carries the messages, as the service map is to call it. */
export function traceTransport(transport: Transport, tracer: Tracer, system: string): Transport {
  const isLocalRoot = { "aws.span.kind": "LOCAL_ROOT", "aws.local.service": tracer.service };

  function open(parent: SpanContext, kind: SpanKind, module: string, envelope: Envelope): Span {
    const { topic, type, correlationId } = envelope;
    const isConsumed = kind === "consumer";
    return tracer.child(parent, {
      name: `${isConsumed ? "handle" : "send"} ${type}`,
      kind,
      module,
      attributes: {
        // X-Ray names the far end of both by this one.
        "aws.remote.service": system,
        ...(isConsumed ? isLocalRoot : {}),
        "messaging.system": system,
        "messaging.operation.type": isConsumed ? "process" : "send",
        "messaging.destination.name": topic,
        "app.message.type": type,
        [ORDER_ID]: correlationId,
      },
    });
  }

  return {
    ...transport,
    publish(message) {
      const parent = tracer.parentOf(message.traceparent);
      if (parent === undefined) return transport.publish(message);
      const span = open(parent, "producer", message.producer, message);
      return ending(span, transport.publish({ ...message, traceparent: span.traceparent }));
    },
    subscribe: (subscription) =>
      transport.subscribe({
        ...subscription,
        deliver(envelope) {
          const parent = tracer.parentOf(envelope.traceparent);
          if (parent === undefined) return subscription.deliver(envelope);
          const span = open(parent, "consumer", subscription.consumer, envelope);
          const delivered = subscription.deliver({ ...envelope, traceparent: span.traceparent });
          return ending(span, delivered, (settlement) => settlement === "parked");
        },
      }),
  };
}

/** The span ends with the work, which ends as it would without. */
function ending<T>(span: Span, work: Promise<T>, isParked: (ended: T) => boolean = () => false): Promise<T> {
  return work.then(
    (ended) => {
      if (isParked(ended)) span.fail("parked");
      span.end();
      return ended;
    },
    (error: unknown) => {
      span.fail("not_taken");
      span.end();
      throw error;
    },
  );
}
