/** An administrative client of kafkajs as the product uses it, over the simulated brokers. */
import type { KafkaClients } from "../../../runtime/transport/kafka/client.ts";
import type { Actor } from "../loop.ts";
import type { Group } from "./group.ts";
import type { Records } from "./records.ts";
import type { Requests } from "./requests.ts";

type Admin = ReturnType<KafkaClients["admin"]>;

interface Options {
  readonly actor: Actor;
  readonly requests: Requests;
  readonly records: Records;
  readonly groupOf: (name: string) => Group;
}

export function createAdmin({ actor, requests, records, groupOf }: Options): Admin {
  const ask = <T>(label: string, answer: () => T) =>
    requests.ask<T>({ actor, label: `admin ${label}` }, (reply) => reply.resolve(answer()));
  const placesOf = (topic: string) => records.topics.get(topic) ?? [];

  const admin: Pick<Admin, "connect" | "disconnect" | "listTopics" | "fetchTopicOffsets" | "fetchOffsets"> = {
    connect: () => ask("connects", () => undefined),
    disconnect: async () => undefined,
    listTopics: () => ask("lists topics", () => [...records.topics.keys()]),
    fetchTopicOffsets: (topic) =>
      ask(`asks for the ends of ${topic}`, () =>
        placesOf(topic).map((place) => {
          const end = String(records.endOf(place));
          return { partition: place.partition, offset: end, high: end, low: "0" };
        }),
      ),
    fetchOffsets: ({ groupId, topics = [] }) =>
      ask(`asks for the offsets of ${groupId}`, () =>
        topics.map((topic) => ({
          topic,
          partitions: placesOf(topic).map((place) => ({
            partition: place.partition,
            offset: String(groupOf(groupId).committed(place) ?? -1),
            metadata: null,
          })),
        })),
      ),
  };
  // Reason for `as`: the transport uses no more of it.
  return admin as Admin;
}
