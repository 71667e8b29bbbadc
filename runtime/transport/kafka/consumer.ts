/**
 * Consumes a module's topics as its consumer group and hands each record over; supervised for as long as the process
 * runs.
 *
 * A record is handed over in the order of its partition, without waiting for the one before it to settle: one that waits
 * for a number to come must not keep that number away. What is committed is the first record that has not settled, so a
 * crash repeats and never skips (unsettled-offsets.ts); a rebalance repeats what was in hand, and the inbox skips it. When too much is in hand
 * nothing more is taken, and the group is told that this member lives, however long that lasts.
 *
 * kafkajs recovers by itself from brokers that go away. What it gives up on (rights revoked, a topic that is missing,
 * a bug), and what fails before it runs, is given a new consumer after a pause: retrying the old one only repeats
 * "not connected". `fromBeginning` always: after an offset that is out of range it would jump to the latest and skip.
 */
import type { Consumer, EachBatchPayload } from "kafkajs";
import { createBackoff } from "../../backoff.ts";
import type { Log } from "../../messages/log.ts";
import type { Random } from "../../random.ts";
import type { Scheduler } from "../../scheduler.ts";
import type { Subscription } from "../port.ts";
import { faultOf } from "./fault.ts";
import { decodeRecord } from "./record.ts";
import { createUnsettledOffsets, type UnsettledOffsets } from "./unsettled-offsets.ts";

export interface ConsumerDeps {
  /** A new consumer of the module's group, not yet connected. */
  readonly makeConsumer: () => Consumer;
  /** A topic's name on the brokers. */
  readonly onBroker: (topic: string) => string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly log: Log;
  /** Null while it is a member of its group, else why it is not, in one sentence. */
  readonly condition: (problem: string | null) => void;
  readonly limits: ConsumerLimits;
}

export interface ConsumerLimits {
  /** Records in hand, without those that wait for an earlier number; no more are taken beyond it. */
  readonly inHand: number;
  /** All records in hand. */
  readonly inMemory: number;
  readonly commitEveryMs: number;
  /** How often a member that waits for room says that it lives. */
  readonly heartbeatMs: number;
}

export interface SupervisedConsumer {
  start(): void;
  /** Takes nothing more, waits for what is in hand for at most `withinMs`, commits, leaves the group. */
  stop(withinMs: number): Promise<void>;
}

const PAUSE = { firstMs: 200, mostMs: 10_000 };

export function superviseConsumer(subscription: Subscription, deps: ConsumerDeps): SupervisedConsumer {
  const { scheduler, log, limits } = deps;
  const { consumer: group } = subscription;
  /** By their names on the brokers. */
  const topics = new Map(subscription.topics.map((topic) => [deps.onBroker(topic), topic]));
  const backoff = createBackoff(deps.random, PAUSE);
  /** By `topic partition`. */
  const partitions = new Map<string, UnsettledOffsets>();
  let assigned: Readonly<Record<string, readonly number[]>> = {};
  let inHand = 0;
  let roomOrDone: () => void = () => undefined;
  let current: Consumer | undefined;
  let committing: Promise<void> = Promise.resolve();
  let cancelCommit: (() => void) | undefined;
  let stopped = false;
  const { promise: stopping, resolve: endPause } = Promise.withResolvers<void>();
  let ended: Promise<void> = Promise.resolve();

  function tell(problem: string | null) {
    if (problem !== null && !stopped) log("warn", "kafka.consumer_away", { group, error: problem });
    deps.condition(problem);
  }

  async function supervise() {
    while (!stopped) {
      const reason = await oneLife().catch((error: unknown) => faultOf(error).text);
      if (stopped) return;
      tell(reason);
      await Promise.race([scheduler.sleep(backoff.nextMs()), stopping]);
    }
  }

  /** Runs one consumer until it is given up; resolves with why. */
  async function oneLife(): Promise<string> {
    const consumer = deps.makeConsumer();
    current = consumer;
    const { promise: crashed, resolve: crash } = Promise.withResolvers<string>();
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      const { text } = faultOf(payload.error);
      // It restarts by itself, and joins anew.
      if (payload.restart) tell(text);
      else crash(text);
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      assigned = payload.memberAssignment;
      backoff.reset();
      log("info", "kafka.consumer_joined", { group });
      tell(null);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics.keys()], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: take });
      return await Promise.race([crashed, stopping.then(() => "it stops")]);
    } finally {
      if (!stopped) await dispose(consumer);
    }
  }

  async function dispose(consumer: Consumer) {
    if (current === consumer) current = undefined;
    await consumer.disconnect().catch(() => undefined);
  }

  async function take({ batch, heartbeat, isRunning, isStale, resolveOffset }: EachBatchPayload) {
    const { topic, partition } = batch;
    const offsets = offsetsOf(topic, partition, fetchedOffsetOf(batch));
    for (const record of batch.messages) {
      while (isFull() && !stopped) await room(heartbeat);
      if (stopped || !isRunning() || isStale()) return;
      handOver(topic, partition, record, offsets);
    }
    // Only where the next fetch begins; what is committed is another matter.
    resolveOffset(batch.lastOffset());
  }

  function offsetsOf(topic: string, partition: number, fetchedOffset: bigint): UnsettledOffsets {
    const name = `${topic} ${partition}`;
    const known = partitions.get(name);
    if (known?.continuesAt(fetchedOffset)) return known;
    const anew = createUnsettledOffsets(fetchedOffset);
    partitions.set(name, anew);
    return anew;
  }

  const isFull = () => inHand >= limits.inMemory || inHand - subscription.waiting() >= limits.inHand;

  /** Waits for something to settle, and says meanwhile that this member lives. */
  async function room(heartbeat: () => Promise<void>) {
    let cancel: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      roomOrDone = resolve;
      cancel = scheduler.after(limits.heartbeatMs, resolve);
    });
    cancel();
    await heartbeat();
  }

  function handOver(
    topic: string,
    partition: number,
    record: EachBatchPayload["batch"]["messages"][number],
    offsets: UnsettledOffsets,
  ) {
    const offset = BigInt(record.offset);
    const decoded = decodeRecord(topics.get(topic) ?? topic, partition, record);
    offsets.begin(offset);
    inHand++;
    const handled =
      decoded.kind === "message" ? subscription.deliver(decoded.message) : subscription.reject(decoded.record);
    handled.then(
      () => settled(offsets, offset),
      // It was not kept, so it is not committed: the next membership begins with it.
      (error: unknown) => {
        inHand--;
        log("error", "kafka.record_not_kept", { group, topic, partition, error: String(error) });
      },
    );
  }

  function settled(offsets: UnsettledOffsets, offset: bigint) {
    offsets.settle(offset);
    inHand--;
    roomOrDone();
    if (cancelCommit !== undefined || stopped) return;
    cancelCommit = scheduler.after(limits.commitEveryMs, () => {
      cancelCommit = undefined;
      committing = committing.then(commit);
    });
  }

  async function commit() {
    const watermarks = [...partitions].flatMap(([name, offsets]) => {
      const [topic = "", digits] = name.split(" ");
      const partition = Number(digits);
      // What another member goes on with is no longer ours to say.
      if (!assigned[topic]?.includes(partition)) return [];
      const offset = offsets.takeWatermark();
      return offset === undefined ? [] : [{ topic, partition, offset: String(offset) }];
    });
    if (watermarks.length === 0) return;
    // What is not committed is repeated; the next commit says more anyway.
    await current?.commitOffsets(watermarks).catch((error: unknown) => {
      log("info", "kafka.commit_failed", { group, error: faultOf(error).text });
    });
  }

  async function finish(withinMs: number) {
    let isLate = false;
    const cancel = scheduler.after(withinMs, () => {
      isLate = true;
      roomOrDone();
    });
    while (inHand > 0 && !isLate)
      await new Promise<void>((resolve) => {
        roomOrDone = resolve;
      });
    cancel();
    cancelCommit?.();
    await committing;
    await commit();
    if (current) await dispose(current);
    await ended;
  }

  return {
    start() {
      ended = supervise();
    },
    stop(withinMs) {
      stopped = true;
      endPause();
      roomOrDone();
      return finish(withinMs);
    },
  };
}

/** Where the fetch began that brought the batch. kafkajs has it on the batch, and not in its types. */
function fetchedOffsetOf(batch: EachBatchPayload["batch"]): bigint {
  const offset: unknown = Reflect.get(batch, "fetchedOffset");
  return BigInt(String(offset ?? batch.firstOffset() ?? 0));
}
