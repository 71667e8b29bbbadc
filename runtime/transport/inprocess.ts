/**
 * Carries messages to the modules of this process. `publish` resolves when every subscriber has committed (or parked)
 * the message, so a crash at any moment leaves the outbox row in place and the next holder delivers again.
 */
import type { Envelope } from "../messages/envelope.ts";
import type { Subscription, Transport } from "./port.ts";

export function createInProcessTransport(): Transport {
  const byTopic = new Map<string, Subscription[]>();
  let stopped = false;
  const never = new Promise<void>(() => undefined);

  return {
    publish(message: Envelope) {
      if (stopped) return never;
      const [first, ...others] = byTopic.get(message.topic) ?? [];
      if (!first) return Promise.resolve();
      if (others.length === 0) return first.deliver(message);
      return Promise.all([first, ...others].map((each) => each.deliver(message)));
    },
    subscribe(subscription) {
      for (const topic of subscription.topics) {
        const others = byTopic.get(topic);
        if (others) others.push(subscription);
        else byTopic.set(topic, [subscription]);
      }
    },
    start: async () => undefined,
    // What is published and not settled still stands in its outbox.
    travelling: async () => [],
    async stop() {
      stopped = true;
    },
  };
}
