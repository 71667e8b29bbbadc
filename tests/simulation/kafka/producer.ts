/** A producer of kafkajs as the product uses it, over the simulated brokers. */
import type { KafkaClients } from "../../../runtime/transport/kafka/client.ts";
import type { Actor } from "../loop.ts";
import type { Trace } from "../trace.ts";
import { BrokerError } from "./broker-error.ts";
import type { BrokerFaults } from "./profile.ts";
import { type OutgoingMessage, type Place, placeName, type Records } from "./records.ts";
import type { Requests } from "./requests.ts";

type Producer = ReturnType<KafkaClients["producer"]>;

interface Options {
  readonly actor: Actor;
  /** The id that the brokers give it. */
  readonly id: number;
  readonly requests: Requests;
  readonly records: Records;
  readonly faults: BrokerFaults;
  readonly trace: Trace;
}

export function createProducer({ actor, id, requests, records, faults, trace }: Options): Producer {
  /** Of each partition. */
  const numbers = new Map<string, number>();
  let isConnected = false;

  function byPlace(batch: Parameters<Producer["sendBatch"]>[0]) {
    const places = new Map<string, Place & { readonly messages: OutgoingMessage[] }>();
    for (const { topic, messages } of batch.topicMessages ?? [])
      for (const message of messages) {
        const place = { topic, partition: records.partitionOf(topic, String(message.key)) };
        const known = places.get(placeName(place)) ?? { ...place, messages: [] };
        known.messages.push(message);
        places.set(placeName(place), known);
      }
    return [...places.values()];
  }

  const advance = (place: Place, by: number) => {
    const number = numbers.get(placeName(place)) ?? 0;
    numbers.set(placeName(place), number + by);
    return number;
  };

  const producer: Pick<Producer, "connect" | "disconnect" | "sendBatch"> = {
    async connect() {
      await requests.ask<void>({ actor, label: `producer ${id} connects` }, (reply) => reply.resolve());
      isConnected = true;
    },
    async disconnect() {
      isConnected = false;
    },
    async sendBatch(batch) {
      if (!isConnected) throw new BrokerError(undefined, "The producer is disconnected");
      const places = byPlace(batch);
      const sent = places.map((place) => ({
        ...place,
        producer: id,
        firstNumber: advance(place, place.messages.length),
      }));
      const ids = sent.flatMap(({ messages }) => messages.map(({ headers }) => String(headers?.["ce_id"])));
      trace.tell(() => ({
        about: sent.flatMap(({ messages }) => messages.map(({ key }) => String(key))),
        text: `${actor.name} sends to the brokers: `,
        parts: ids,
      }));
      const where = sent.map((each) => `${placeName(each)} ${each.messages.length}`).join(", ");
      try {
        await requests.ask<void>({ actor, label: `send ${where} #${trace.shorten(ids)}` }, (reply) => {
          const lost = sent.length > 1 && faults.happens("partlyWritten") ? sent.at(-1) : undefined;
          for (const each of sent) if (each !== lost) records.append(each);
          if (lost !== undefined) throw new BrokerError("NOT_ENOUGH_REPLICAS", `${placeName(lost)} takes nothing now`);
          reply.resolve();
        });
        return [];
      } catch (error) {
        for (const each of sent) advance(each, -each.messages.length);
        throw error;
      }
    },
  };
  // Reason for `as`: the publisher uses no more of it.
  return producer as Producer;
}
