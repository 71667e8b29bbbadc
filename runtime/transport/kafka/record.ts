/**
 * How a message travels over Kafka: CloudEvents 1.0 in binary mode. The key is the record's key, the data its value,
 * every attribute a header. What cannot be read back exactly is told with a reason, never guessed at: whoever reads
 * parks it.
 */
import { KEY_LIMIT, SEQUENCE_LIMIT } from "../../messages/dead-letter.ts";
import { type Envelope, messageId } from "../../messages/envelope.ts";
import { isTraceparent } from "../../telemetry/trace-context.ts";
import type { UnreadableRecord } from "../port.ts";

export interface OutgoingRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

/** What kafkajs hands over. A header that comes several times is a list; one without a value is null, against its types. */
export interface IncomingRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | HeaderValue[] | undefined>> | undefined;
}

type HeaderValue = Buffer | string | null;

const SPEC_VERSION = "1.0";
const SOURCE = "/genai-demo/";
const DAMAGED = "\ufffd";

export function encodeRecord(message: Envelope): OutgoingRecord {
  const { key, data, type, producer, timeMs, sequence, causationId, correlationId, traceparent } = message;
  return {
    key,
    value: data,
    headers: {
      "content-type": "application/json",
      ce_specversion: SPEC_VERSION,
      ce_id: messageId(message),
      ce_source: `${SOURCE}${producer}`,
      ce_type: type,
      ce_time: new Date(timeMs).toISOString(),
      ce_sequence: String(sequence),
      ce_causationid: causationId,
      ce_correlationid: correlationId,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
  };
}

export type DecodedRecord =
  | { readonly kind: "message"; readonly message: Envelope }
  | { readonly kind: "unreadable"; readonly record: UnreadableRecord };

/** Reads a record; what is wrong with one that is no message is its `reason`. */
export function decodeRecord(topic: string, partition: number, record: IncomingRecord): DecodedRecord {
  const headers = textHeaders(record);
  try {
    return { kind: "message", message: readMessage(topic, record, headers) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { key, value, offset } = record;
    return {
      kind: "unreadable",
      record: { topic, partition, offset, reason: error.message, key: legible(key), value: legible(value), headers },
    };
  }
}

class Unreadable extends Error {}

function readMessage(topic: string, record: IncomingRecord, headers: Readonly<Record<string, string>>): Envelope {
  const required = (name: string): string => {
    const value = headers[name];
    if (value === undefined || value === "") throw new Unreadable(`the header ${name} is missing`);
    if (value.includes(DAMAGED)) throw new Unreadable(`the header ${name} is no UTF-8`);
    return value;
  };
  const version = required("ce_specversion");
  if (version !== SPEC_VERSION)
    throw new Unreadable(`it is of CloudEvents ${version}, and this version of the platform reads ${SPEC_VERSION}`);
  const key = textOf(record.key, "key");
  if (key === "" || key.length > KEY_LIMIT || /[:\p{Cc}]/u.test(key))
    throw new Unreadable(`its key is none: 1 to ${KEY_LIMIT} characters without a colon or control characters`);
  const sequence = Number(/^[1-9]\d{0,9}$/.exec(required("ce_sequence"))?.[0]);
  if (!(sequence <= SEQUENCE_LIMIT)) throw new Unreadable("the header ce_sequence is no number from 1");
  const timeMs = Date.parse(required("ce_time"));
  if (Number.isNaN(timeMs)) throw new Unreadable("the header ce_time is no time");
  const source = required("ce_source");
  if (!source.startsWith(SOURCE)) throw new Unreadable(`the header ce_source does not begin with ${SOURCE}`);
  const { traceparent } = headers;
  const message: Envelope = {
    topic,
    key,
    sequence,
    type: required("ce_type"),
    producer: source.slice(SOURCE.length),
    timeMs,
    causationId: required("ce_causationid"),
    correlationId: required("ce_correlationid"),
    // What is none is of no use to anybody, would travel on for ever, and may hold what no column takes.
    ...(traceparent !== undefined && isTraceparent(traceparent) ? { traceparent } : {}),
    data: textOf(record.value, "value"),
  };
  if (required("ce_id") !== messageId(message))
    throw new Unreadable("the header ce_id is not made of its topic, key and ce_sequence");
  return message;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer | null, what: string): string {
  if (bytes === null) throw new Unreadable(`it has no ${what}`);
  try {
    return strict.decode(bytes);
  } catch {
    throw new Unreadable(`its ${what} is no UTF-8`);
  }
}

function textHeaders({ headers = {} }: IncomingRecord): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined && last !== null) texts[name] = last.toString();
  }
  return texts;
}

function legible(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  try {
    return strict.decode(bytes);
  } catch {
    return bytes.toString("base64");
  }
}
