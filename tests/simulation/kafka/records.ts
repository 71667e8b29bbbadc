/**
 * The topics of the simulated brokers: an append-only list of records for each partition, and what a broker knows of
 * idempotent producers.
 *
 * A producer numbers its records for each partition. A batch that goes on from the last one is written. One of the last
 * five that comes again, by its numbers alone, is acknowledged and not written, whatever is in it: so two sends at once,
 * or a producer that goes on after an error with other records, lose some. Any other number is out of order.
 */
import type { KafkaClients } from "../../../runtime/transport/kafka/client.ts";
import { BrokerError } from "./broker-error.ts";

type Producer = ReturnType<KafkaClients["producer"]>;
export type OutgoingMessage = Parameters<Producer["send"]>[0]["messages"][number];

export interface StoredRecord {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export const placeName = ({ topic, partition }: Place) => `${topic}/${partition}`;

/** What is sent to one partition at once. */
export interface SentBatch extends Place {
  readonly producer: number;
  readonly firstNumber: number;
  readonly messages: readonly OutgoingMessage[];
}

export interface Records {
  readonly topics: ReadonlyMap<string, readonly Place[]>;
  partitionOf(topic: string, key: string): number;
  /** Throws a `BrokerError` when the batch is refused. */
  append(batch: SentBatch): void;
  read(place: Place, offset: number, limit: number): readonly StoredRecord[];
  endOf(place: Place): number;
}

const REMEMBERED_BATCHES = 5;

interface Known {
  next: number;
  batches: { readonly first: number; readonly count: number }[];
}

/** `written`: called with the ids of what is new in a partition, and which of them have been written before. */
export function createRecords(
  topicNames: readonly string[],
  partitions: number,
  written: (place: Place, ids: readonly string[], again: ReadonlySet<string>) => void,
): Records {
  const topics = new Map(
    topicNames.map((topic) => [topic, Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))]),
  );
  const logs = new Map([...topics.values()].flat().map((place) => [placeName(place), [] as StoredRecord[]]));
  const producers = new Map<string, Known>();
  const ids = new Set<string>();

  function logOf(place: Place): StoredRecord[] {
    const log = logs.get(placeName(place));
    if (log === undefined) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no ${placeName(place)}`);
    return log;
  }

  /** Whether it is to be written: it is not when it seems to have come before. */
  function isNext({ producer, firstNumber, messages, ...place }: SentBatch): boolean {
    const name = `${producer} ${placeName(place)}`;
    const known = producers.get(name) ?? { next: 0, batches: [] };
    producers.set(name, known);
    const seems = known.batches.some(({ first, count }) => first === firstNumber && count === messages.length);
    if (seems) return false;
    if (firstNumber !== known.next)
      throw new BrokerError("OUT_OF_ORDER_SEQUENCE_NUMBER", `number ${firstNumber} comes where ${known.next} is next`);
    known.next += messages.length;
    known.batches = [...known.batches, { first: firstNumber, count: messages.length }].slice(-REMEMBERED_BATCHES);
    return true;
  }

  return {
    topics,
    partitionOf(topic, key) {
      const count = topics.get(topic)?.length ?? 1;
      return Number(Bun.hash.wyhash(key) % BigInt(count));
    },
    append(batch) {
      const log = logOf(batch);
      if (!isNext(batch)) return;
      const added = batch.messages.map((message, index) => stored(message, log.length + index));
      log.push(...added);
      const names = added.map(({ headers }) => String(headers["ce_id"]));
      const again = new Set(names.filter((name) => ids.has(name)));
      for (const name of names) ids.add(name);
      written(batch, names, again);
    },
    read: (place, offset, limit) => logOf(place).slice(offset, offset + limit),
    endOf: (place) => logOf(place).length,
  };
}

/** Only bytes travel. */
function stored({ key, value, headers }: OutgoingMessage, offset: number): StoredRecord {
  const bytes = (text: Buffer | string | null | undefined) =>
    text === null || text === undefined ? null : Buffer.from(text);
  return {
    offset,
    key: bytes(key),
    value: bytes(value),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, header]) => [name, Buffer.from(String(header))]),
    ),
  };
}
