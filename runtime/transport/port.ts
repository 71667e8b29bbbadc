import type { Envelope } from "../messages/envelope.ts";

/**
 * Carries messages from a module's relay to the modules that subscribe to their topic.
 *
 * Promises to the relay: `publish` resolves once the message can no longer be lost by a crash of this process
 * (in-process: every subscriber has committed or parked it; Kafka: the brokers have acknowledged it). It may then be
 * deleted from the outbox. A rejection means nothing is known; the relay publishes again.
 * Promises to a subscriber: at least once; in the order of publishing for each key as long as nothing fails. The
 * marks of the inbox skip what comes twice and hold back what comes too early, so no more is needed.
 */
export interface Transport {
  publish(message: Envelope): Promise<void>;
  /** `deliver` resolves once the message is handled, skipped or parked durably; it never rejects for a bad message. */
  subscribe(subscription: Subscription): void;
  stop(): Promise<void>;
}

export interface Subscription {
  /** The consuming module: its consumer group. */
  readonly consumer: string;
  readonly topics: readonly string[];
  readonly deliver: (message: Envelope) => Promise<void>;
}
