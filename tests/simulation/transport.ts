/**
 * A transport that fails in every way its port allows: a message is lost before it is delivered (rejected, so the relay
 * publishes again), delivered but reported as failed, delivered late and so overtaken by later ones, delivered twice at
 * once, or delivered again long after it was acknowledged. Without a fault it does what the transport below does, and
 * the acknowledgement is an operation of the loop, so a crash may come just before it.
 */
import { type Envelope, messageId } from "../../runtime/messages/envelope.ts";
import type { Transport } from "../../runtime/transport/port.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import type { Trace } from "./trace.ts";

export interface FaultyTransportOptions {
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  /** The life of the node whose transport it is. */
  readonly actor: Actor;
  readonly inner: Transport;
}

const noop = () => undefined;

/** Wraps a node's own transport. */
export function createFaultyTransport({ loop, faults, trace, actor, inner }: FaultyTransportOptions): Transport {
  const answer = (label: string, settle: () => void) =>
    loop.submit({ actor, label, commits: true, perform: async () => settle });
  const tell = ({ key }: Envelope, text: string) =>
    trace.tell(() => ({ about: [key], text: `${actor.name}: ${text}` }));
  const lost = (id: string) => new Error(`${id}: the transport does not know whether it was delivered`);

  function deliver(message: Envelope, id: string, resolve: () => void, reject: (error: unknown) => void) {
    const unknown = faults.happens("publishUnknown");
    tell(message, `delivers ${id}${unknown ? ", and will not know it" : ""}`);
    inner.publish(message).then(
      () => answer(`${unknown ? "unknown" : "delivered"}: ${id}`, () => (unknown ? reject(lost(id)) : resolve())),
      (error: unknown) => answer(`refused: ${id}`, () => reject(error)),
    );
    if (faults.happens("duplicate")) again(message, id, 0);
    if (faults.happens("redelivery")) again(message, id, faults.durationMs(faults.profile.delayMs));
  }

  function again(message: Envelope, id: string, delayMs: number) {
    loop.after(actor, delayMs, () => {
      trace.line(`  delivered again: ${id}`);
      tell(message, `delivers ${id} once more`);
      inner.publish(message).then(noop, noop);
    });
  }

  return {
    publish: (message) =>
      new Promise<void>((resolve, reject) => {
        const id = `${message.type} ${messageId(message)}`;
        if (faults.happens("publishLost")) {
          tell(message, `${id} is lost before it is delivered`);
          return answer(`lost: ${id}`, () => reject(lost(id)));
        }
        if (!faults.happens("delay")) return deliver(message, id, resolve, reject);
        trace.line(`  delayed: ${id}`);
        tell(message, `${id} is delayed`);
        loop.after(actor, faults.durationMs(faults.profile.delayMs), () => deliver(message, id, resolve, reject));
      }),
    subscribe: (subscription) => inner.subscribe(subscription),
    consume: (isWanted) => inner.consume(isWanted),
    start: () => inner.start(),
    travelling: (consumer) => inner.travelling(consumer),
    stop: () => inner.stop(),
  };
}
