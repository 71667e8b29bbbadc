/**
 * Carries messages from a module's relay to the modules that subscribe to their topic. Two adapters, inprocess.ts and
 * kafka.ts, pass one suite: conformance.test.ts.
 *
 * Promises to the relay: `publish` resolves once the message can no longer be lost by a crash of this process
 * (in-process: every subscriber has committed or parked it; Kafka: the brokers have acknowledged it). It may then be
 * deleted from the outbox. Promises to a subscriber: at least once; in the order of publishing for each key as long as
 * nothing fails. The marks of the inbox skip what comes twice and hold back what comes too early, so no more is needed.
 *
 * How it fails, and who tries again: an outage rejects nothing and only takes time, and the adapter comes back by itself.
 * A rejected `publish` means that the message itself was not taken, or that nobody knows: the relay publishes it again
 * after a pause. After `stop`, or a crash, nothing is delivered or confirmed any more: what was not confirmed is published
 * again by whoever holds its outbox row next.
 */
import type { Envelope } from "../messages/envelope.ts";

export interface Transport {
  /** What it resolves with tells nothing. */
  publish(message: Envelope): Promise<unknown>;
  /** Before `start`. */
  subscribe(subscription: Subscription): void;
  /**
   * Whether this process delivers to its subscribers; it does until it is told otherwise, also before `start`. While it
   * does not, messages stay where they are, and the other processes of a subscriber get them. What is in hand by then is
   * finished. `publish` goes on in any case.
   */
  consume(isWanted: boolean): void;
  /** Begins to deliver. Resolves without waiting for anybody: whoever is away is tried again and again. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Of the topics that a consumer subscribes to, those with messages that are published and not settled: they stand in
   * no outbox any more. All of them where that cannot be told.
   */
  travelling(consumer: string): Promise<readonly string[]>;
  /** How many records of each topic a consumer's group has not committed; absent where nothing lies between the two. */
  lag?(consumer: string): Promise<readonly TopicLag[]>;
}

export interface TopicLag {
  readonly topic: string;
  readonly records: number;
}

/** How a message has ended; undefined when it was handled or skipped. */
export type Settlement = "parked" | undefined;

export interface Subscription {
  /** The consuming module: its consumer group. */
  readonly consumer: string;
  readonly topics: readonly string[];
  /** Resolves once the message is handled, skipped or parked durably; it never rejects for a bad message. */
  readonly deliver: (message: Envelope) => Promise<Settlement>;
  /** How many of those that have not settled wait for an earlier number: they must not keep it from coming. */
  readonly waiting: () => number;
  /** Keeps what is no message of ours as a dead letter; resolves once that is durable. */
  readonly reject: (record: UnreadableRecord) => Promise<void>;
}

/** A record of a topic that cannot be read as a message. */
export interface UnreadableRecord {
  readonly topic: string;
  readonly partition: number;
  /** A 64-bit number in decimal. */
  readonly offset: string;
  /** What is wrong with it, in one sentence. */
  readonly reason: string;
  /** As text where it is UTF-8, else as base64; null where there is none. */
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}
