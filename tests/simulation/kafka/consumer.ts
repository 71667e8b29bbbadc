/**
 * A consumer of kafkajs as the product uses it, over the simulated brokers: what its runner, fetcher and worker do.
 *
 * One batch after the other is handed over, also those of a fetch whose partitions belong to somebody else meanwhile:
 * that is only heard with a heartbeat, after which it joins anew and goes on where its group has committed. What it had
 * fetched before is still handed over, then or later. An error that goes on, and one that is drawn, end it with a crash.
 * A stop while it joins for the first time ends that with a crash as well, once it has joined: a member is left behind
 * that nobody speaks for.
 */
import type { Random } from "../../../runtime/random.ts";
import type { Scheduler } from "../../../runtime/scheduler.ts";
import type { KafkaClients } from "../../../runtime/transport/kafka/client.ts";
import type { Actor, Loop } from "../loop.ts";
import { between } from "../seed.ts";
import { BrokerError } from "./broker-error.ts";
import type { Fetched, Fetches } from "./fetches.ts";
import type { Group, Membership } from "./group.ts";
import type { BrokerFaults } from "./profile.ts";
import { placeName } from "./records.ts";
import type { Requests } from "./requests.ts";

type Consumer = ReturnType<KafkaClients["consumer"]>;
type EachBatch = NonNullable<NonNullable<Parameters<Consumer["run"]>[0]>["eachBatch"]>;
type Payload = Parameters<EachBatch>[0];

interface Options {
  readonly actor: Actor;
  /** Its group, and its own number among all consumers. */
  readonly name: string;
  readonly group: Group;
  readonly loop: Loop;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly requests: Requests;
  readonly fetches: Fetches;
  readonly faults: BrokerFaults;
  readonly heartbeatMs: number;
  /** Told of each batch that is handed over. */
  readonly handed: (batch: Fetched, membership: Membership) => void;
}

const EVENTS = {
  CRASH: "consumer.crash",
  GROUP_JOIN: "consumer.group_join",
  REQUEST_TIMEOUT: "consumer.network.request_timeout",
} as const;

/** Kafka never gives it back: kafkajs does not go on. */
const REVOKED = "GROUP_AUTHORIZATION_FAILED";
const TO_JOIN_ANEW = new Set<string | undefined>(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS"]);
const MOST_TRIES = 4;
const RETRY_MS = 300;
/** Where all partitions rest, this stands for a fetch. */
const MAX_WAIT_MS = 500;
const noop = (): void => undefined;

/** As kafkajs's runner: from a join until it is stopped or crashes. */
interface Run {
  isRunning: boolean;
  /** It was stopped before it was running: its connections are gone. */
  isClosed: boolean;
  ended: Promise<void>;
}

interface Assigned extends Membership {
  /** Where the next fetch of a partition begins. */
  readonly positions: Map<string, number>;
  /** Not fetched from any more. */
  readonly paused: Set<string>;
}

export function createConsumer(options: Options): Consumer {
  const { actor, name, group, loop, scheduler, random, requests, faults } = options;
  const listeners = new Map<string, ((event: { readonly payload: unknown }) => void)[]>();
  let topics: readonly string[] = [];
  let eachBatch: EachBatch = async () => undefined;
  let run: Run | undefined;
  let assigned: Assigned | undefined;
  let members = 0;
  let member = "";
  /** When it said last that it lives. */
  let beatMs = 0;
  /** Waits for the brokers, and so says by itself that it lives. */
  let isWaiting = false;
  let lastHanded: Promise<void> = Promise.resolve();

  const emit = (event: string, payload: unknown) => {
    for (const heard of listeners.get(event) ?? []) heard({ payload });
  };
  const newMember = () => `${name}.${++members}`;
  const timedOut = () => emit(EVENTS.REQUEST_TIMEOUT, { broker: "broker", apiName: "Fetch" });
  const ask = <T>(what: string, arrive: Parameters<typeof requests.ask<T>>[1]) =>
    requests.ask<T>({ actor, label: `${name} ${what}`, timedOut }, arrive);
  const beats = (id: string) => () => id === member && isWaiting && actor.alive && actor.pausedUntilMs <= loop.now();

  async function waitFor<T>(answer: Promise<T>): Promise<T> {
    isWaiting = true;
    try {
      return await answer;
    } finally {
      isWaiting = false;
    }
  }

  async function join(current: Run) {
    if (member === "") member = newMember();
    for (let tries = 1; ; tries++) {
      const id = member;
      try {
        const joined = await waitFor(
          ask<Membership>("joins", (reply) => group.join({ member: id, topics, beats: beats(id), reply })),
        );
        if (current.isClosed) throw new BrokerError(undefined, "No broker available");
        assigned = { ...joined, positions: new Map(), paused: new Set() };
        beatMs = loop.now();
        break;
      } catch (error) {
        if (typeOf(error) === "UNKNOWN_MEMBER_ID") member = newMember();
        if (tries === MOST_TRIES || run !== current) throw error;
        await scheduler.sleep(between(random, 1, RETRY_MS));
      }
    }
    const byTopic = Map.groupBy(assigned.places, ({ topic }) => topic);
    const memberAssignment = [...byTopic].map(([topic, places]) => [topic, places.map(({ partition }) => partition)]);
    emit(EVENTS.GROUP_JOIN, { memberId: member, memberAssignment: Object.fromEntries(memberAssignment) });
  }

  async function heartbeat() {
    const membership = assigned;
    if (membership === undefined || loop.now() < beatMs + options.heartbeatMs) return;
    await waitFor(
      ask<void>("says that it lives", (reply) => {
        group.heartbeat(membership);
        reply.resolve();
      }),
    );
    beatMs = loop.now();
  }

  async function fetch(membership: Assigned): Promise<readonly Fetched[]> {
    if (faults.happens("consumerCrash")) throw new BrokerError(REVOKED, "the rights are revoked");
    const { positions, paused } = membership;
    const places = membership.places.filter((place) => !paused.has(placeName(place)));
    if (places.length === 0 && paused.size > 0) {
      await scheduler.sleep(MAX_WAIT_MS);
      return [];
    }
    return waitFor(
      ask<readonly Fetched[]>("fetches", (reply) => {
        for (const place of places)
          if (!positions.has(placeName(place))) positions.set(placeName(place), group.committed(place) ?? 0);
        options.fetches.ask({ actor, places, positions, isOver: () => group.mustJoin(membership), reply });
      }),
    );
  }

  async function handOver(batch: Fetched, current: Run, membership: Assigned) {
    if (!current.isRunning) return;
    options.handed(batch, membership);
    const { messages, ...place } = batch;
    const payload: Pick<Payload, "heartbeat" | "isRunning" | "isStale" | "pause" | "resolveOffset"> = {
      heartbeat,
      isRunning: () => current.isRunning,
      isStale: () => false,
      pause() {
        membership.paused.add(placeName(place));
        return () => void membership.paused.delete(placeName(place));
      },
      resolveOffset: (offset) => membership.positions.set(placeName(place), Number(offset) + 1),
    };
    // Reason for `as`: the transport uses no more of what kafkajs hands over.
    await eachBatch({ ...payload, batch: asKafkaJs(batch) } as unknown as Payload);
    await heartbeat();
  }

  async function fetchAndHandOver(current: Run, membership: Assigned) {
    const batches = await fetch(membership);
    if (batches.length === 0) return heartbeat();
    // The first that fails is heard of at once; the worker goes on with the others.
    await Promise.all(
      batches.map((batch) => {
        const handed = lastHanded.then(() => handOver(batch, current, membership));
        lastHanded = handed.catch(noop);
        return handed;
      }),
    );
  }

  async function consume(current: Run) {
    let failures = 0;
    while (current.isRunning && assigned !== undefined) {
      try {
        await fetchAndHandOver(current, assigned);
        failures = 0;
      } catch (error) {
        const type = typeOf(error);
        if (type === "UNKNOWN_MEMBER_ID") member = "";
        if (TO_JOIN_ANEW.has(type)) await join(current);
        else if (type === REVOKED || ++failures > MOST_TRIES) throw error;
        else await scheduler.sleep(between(random, 1, RETRY_MS));
      }
    }
  }

  async function start() {
    const current: Run = { isRunning: false, isClosed: false, ended: Promise.resolve() };
    run = current;
    try {
      await join(current);
    } catch (error) {
      return crash(error);
    }
    current.isRunning = true;
    const { promise, resolve: end } = Promise.withResolvers<void>();
    current.ended = promise;
    void consume(current).then(end, (error: unknown) => {
      const crashed = crash(error);
      end();
      return crashed;
    });
  }

  async function crash(error: unknown) {
    await stop();
    emit(EVENTS.CRASH, { error, restart: false });
  }

  async function stop() {
    const current = run;
    run = undefined;
    if (current === undefined) return;
    current.isClosed = !current.isRunning;
    if (current.isClosed) return;
    current.isRunning = false;
    options.fetches.end(actor, assigned?.positions);
    await current.ended;
    const id = member;
    member = "";
    await leaveFor(id).catch(noop);
  }

  const leaveFor = (id: string) =>
    ask<void>(`leaves for ${id}`, (reply) => {
      group.leave(id);
      reply.resolve();
    });

  const consumer: Pick<Consumer, "connect" | "disconnect" | "subscribe" | "run" | "commitOffsets" | "leaveFor"> = {
    connect: () => ask<void>("connects", (reply) => reply.resolve()),
    async subscribe(subscription) {
      topics = "topics" in subscription ? subscription.topics.map(String) : [];
      await ask<void>("subscribes", (reply) => reply.resolve());
    },
    async run(config) {
      eachBatch = config?.eachBatch ?? eachBatch;
      await start();
    },
    async commitOffsets(offsets) {
      const membership = assigned;
      if (run === undefined || membership === undefined)
        throw new BrokerError(undefined, "Consumer group was not initialized, consumer#run must be called first");
      if (!run.isRunning) return;
      const positions = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: Number(offset) }));
      const where = positions.map((each) => `${placeName(each)} ${each.offset}`).join(", ");
      await ask<void>(`commits ${where}`, (reply) => {
        group.commit(membership, positions);
        reply.resolve();
        if (actor.alive && faults.happens("crashAfterOffsets")) loop.crash(actor, `after ${name} has committed`);
      });
    },
    disconnect: stop,
    leaveFor,
  };
  const on = (event: string, heard: (event: { readonly payload: unknown }) => void) => {
    listeners.set(event, [...(listeners.get(event) ?? []), heard]);
    return noop;
  };
  // Reason for `as`: the transport uses no more of it.
  return { ...consumer, events: EVENTS, on } as unknown as Consumer;
}

const typeOf = (error: unknown) => (error instanceof BrokerError ? error.type : undefined);

/** What kafkajs makes of the records of one partition. */
function asKafkaJs({ topic, partition, messages, fetchedOffset }: Fetched) {
  const offsets = messages.map(({ offset }) => String(offset));
  return {
    topic,
    partition,
    fetchedOffset: String(fetchedOffset),
    messages: messages.map((record, index) => ({ ...record, offset: offsets[index] })),
    firstOffset: () => offsets[0] ?? null,
    lastOffset: () => offsets.at(-1) ?? String(fetchedOffset),
  };
}
