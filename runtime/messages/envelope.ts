/**
 * What travels between modules: CloudEvents 1.0 attributes, with `data` already serialised.
 *
 * `sequence` counts from 1 for each (producer, topic, key) and has no holes; together with the topic and key it names
 * the message, so a message that is published twice carries the same name twice.
 */
export interface Envelope {
  readonly topic: string;
  readonly key: string;
  readonly sequence: number;
  readonly type: string;
  /** The producing module. */
  readonly producer: string;
  /** When the producer decided it, ms since the epoch. */
  readonly timeMs: number;
  /** What the message came from: the name of the message, timer or request that was handled. */
  readonly causationId: string;
  /** Constant through everything that one request set off. */
  readonly correlationId: string;
  readonly traceparent?: string;
  /** JSON text, validated by the contract's schema at both ends. */
  readonly data: string;
}

/** The name of a message: unique, and the same however often it is published. */
export const messageId = (message: Pick<Envelope, "topic" | "key" | "sequence">) =>
  `${message.topic}/${message.key}/${message.sequence}`;
