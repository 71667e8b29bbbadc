/** How an envelope stands in the outbox: its place in the row's columns, the rest as JSON in `message`. */
import type { Envelope } from "./envelope.ts";

/** The outbox row's `message`: all of the envelope that its own columns do not say. */
export function encodeMessage(envelope: Envelope): string {
  const { type, producer, timeMs, causationId, correlationId, traceparent } = envelope;
  const head = JSON.stringify({ type, producer, timeMs, causationId, correlationId, traceparent });
  return `${head.slice(0, -1)},"data":${envelope.data}}`;
}

/** SQL for when the message of an outbox row was made; that far, only names of ours stand before it. */
export const MESSAGE_TIME_MS = `substring(message from '"timeMs":([0-9]+)')::bigint`;

/** The envelope of an outbox row as it was read back. */
export function decodeMessage(row: {
  readonly topic: string;
  readonly key: string;
  readonly sequence: number;
  readonly message: string;
}): Envelope {
  // Written by `encodeMessage` only.
  const { data, ...head } = JSON.parse(row.message) as Omit<Envelope, "topic" | "key" | "sequence" | "data"> & {
    data: unknown;
  };
  return { ...head, topic: row.topic, key: row.key, sequence: row.sequence, data: JSON.stringify(data) };
}
