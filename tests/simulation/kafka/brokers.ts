/**
 * Kafka-like brokers for a seed: the product's own transport (runtime/transport/kafka.ts) runs over them, with clients
 * whose every wait is in the loop's hands. What they keep survives everything; what may go wrong is drawn from a stream
 * of its own (profile.ts), so that the seed's other faults are those of the seed without brokers.
 */
import type { Random } from "../../../runtime/random.ts";
import { HEARTBEAT_MS, type KafkaClients, SESSION_MS } from "../../../runtime/transport/kafka/client.ts";
import type { Faults } from "../faults.ts";
import type { Actor, Loop } from "../loop.ts";
import type { Trace } from "../trace.ts";
import { createAdmin } from "./admin.ts";
import { createConsumer } from "./consumer.ts";
import { createFetches, type Fetched } from "./fetches.ts";
import { createGroup, type Group, type Membership } from "./group.ts";
import { createProducer } from "./producer.ts";
import { createBrokerFaults, drawBrokerProfile } from "./profile.ts";
import { createRecords, type Place, placeName } from "./records.ts";
import { createRequests } from "./requests.ts";

export interface Brokers {
  /** What a process of this life asks the brokers with. */
  clientsOf(actor: Actor, random: Random): KafkaClients;
  /** A partition with records that its group has never committed, or null. */
  uncommitted(): string | null;
}

interface Options {
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly random: Random;
  readonly topics: readonly string[];
}

/** As the product asks for it. */
const REBALANCE_MS = 20_000;

/** Brokers with these topics. */
export function createBrokers({ loop, faults: all, trace, random, topics }: Options): Brokers {
  const startMs = loop.now();
  const profile = drawBrokerProfile(random, all.profile.calm);
  const faults = createBrokerFaults(all, random, profile, () => loop.now() - startMs);
  trace.line(JSON.stringify(profile));
  const brokers = loop.createActor("brokers", false, 0);
  const requests = createRequests({ loop, trace, faults, brokers });
  const records = createRecords(topics, profile.partitions, written);
  const fetches = createFetches(records, random, profile.fetchRecords);
  const groups = new Map<string, Group>();
  /** How far the records of a partition have been handed over to a group. */
  const handedUpTo = new Map<string, number>();
  /** Partitions that a membership has been handed something of. */
  const begun = new Set<string>();
  let clients = 0;

  function written(place: Place, ids: readonly string[], again: ReadonlySet<string>) {
    trace.line(`  ${placeName(place)}: ${ids.map((id) => (again.has(id) ? `${id} again` : id)).join(", ")}`);
    for (const _ of again) faults.count("writtenTwice");
    fetches.written(place);
  }

  function groupOf(name: string): Group {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group = createGroup({
      name,
      now: loop.now,
      random,
      placesOf: (topic) => records.topics.get(topic) ?? [],
      sessionMs: SESSION_MS,
      rebalanceMs: REBALANCE_MS,
      expels: () => faults.happens("memberExpelled"),
      count: faults.count,
      note(text) {
        trace.line(`  ${text}`);
        trace.tell(() => ({ about: [], text: `the brokers: ${text}` }));
      },
    });
    groups.set(name, group);
    return group;
  }

  function look() {
    const isAway = faults.away();
    for (const group of groups.values()) group.look(isAway);
    if (!isAway) fetches.endOver();
    loop.after(brokers, HEARTBEAT_MS, look);
  }
  look();

  function handed(actor: Actor, group: Group) {
    return ({ messages, fetchedOffset, ...place }: Fetched, membership: Membership) => {
      const name = `${group.name} ${placeName(place)}`;
      const before = handedUpTo.get(name) ?? 0;
      const isStale = !group.isCurrent(membership);
      if (isStale) faults.count("staleBatch");
      const beginning = `${membership.member} ${membership.generation} ${name}`;
      if (fetchedOffset < before && !begun.has(beginning)) faults.count("brokerRedelivery");
      begun.add(beginning);
      handedUpTo.set(name, Math.max(before, fetchedOffset + messages.length));
      const parts = messages.map(({ headers }) => String(headers["ce_id"]));
      trace.line(`  handed over: ${name} from ${fetchedOffset}, ${messages.length}${isStale ? ", not its own" : ""}`);
      trace.tell(() => ({
        about: messages.map(({ key }) => String(key)),
        text: `${actor.name} is handed${isStale ? ", though others have the partition by now" : ""}: `,
        parts,
      }));
    };
  }

  return {
    clientsOf(actor, clientRandom) {
      const scheduler = loop.schedulerOf(actor);
      return {
        producer: () => createProducer({ actor, id: ++clients, requests, records, faults, trace }),
        admin: () => createAdmin({ actor, requests, records, groupOf }),
        consumer(name) {
          const group = groupOf(name);
          return createConsumer({
            actor,
            name: `${name}#${++clients}`,
            group,
            loop,
            scheduler,
            random: clientRandom,
            requests,
            fetches,
            faults,
            heartbeatMs: HEARTBEAT_MS,
            handed: handed(actor, group),
          });
        },
      };
    },
    uncommitted() {
      for (const group of groups.values())
        for (const topic of group.topics)
          for (const place of records.topics.get(topic) ?? []) {
            const committed = group.everCommitted(place);
            const end = records.endOf(place);
            if (committed < end) return `${group.name} has committed ${committed} of ${end} in ${placeName(place)}`;
          }
      return null;
    },
  };
}
