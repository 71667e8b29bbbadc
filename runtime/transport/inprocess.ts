/**
 * Carries messages to the modules of this process. `publish` resolves when every subscriber has committed (or parked)
 * the message, so a crash at any moment leaves the outbox row in place and the next holder delivers again. While this
 * process does not consume, what it is given waits here, and in its outbox: should another process take the shard
 * meanwhile, that one delivers it, and later it comes once more from here.
 */
import type { Envelope } from "../messages/envelope.ts";
import type { Subscription, Transport } from "./port.ts";

export function createInProcessTransport(): Transport {
  const byTopic = new Map<string, Subscription[]>();
  /** In the order of publishing; null while this process consumes. */
  let heldBack: (() => void)[] | null = null;
  let stopped = false;
  const never = new Promise<void>(() => undefined);

  function publish(message: Envelope): Promise<unknown> {
    if (stopped) return never;
    const held = heldBack;
    if (held) return new Promise<void>((resolve) => held.push(resolve)).then(() => publish(message));
    const [first, ...others] = byTopic.get(message.topic) ?? [];
    if (!first) return Promise.resolve();
    if (others.length === 0) return first.deliver(message);
    return Promise.all([first, ...others].map((each) => each.deliver(message)));
  }

  return {
    publish,
    subscribe(subscription) {
      for (const topic of subscription.topics) {
        const others = byTopic.get(topic);
        if (others) others.push(subscription);
        else byTopic.set(topic, [subscription]);
      }
    },
    consume(isWanted) {
      const letGo = isWanted ? (heldBack ?? []) : [];
      heldBack = isWanted ? null : (heldBack ?? []);
      for (const deliver of letGo) deliver();
    },
    start: async () => undefined,
    // What is published and not settled still stands in its outbox.
    travelling: async () => [],
    async stop() {
      stopped = true;
    },
  };
}
