/**
 * Consumes a module's topics as its consumer group and hands each record over; supervised for as long as the process
 * runs.
 *
 * A record is handed over in the order of its partition, without waiting for the one before it to settle: one that waits
 * for a number to come must not keep that number away. What is committed is the first record that has not settled, so a
 * crash repeats and never skips (unsettled-offsets.ts); a rebalance repeats what was in hand, and the inbox skips it.
 * When too much is in hand nothing more is taken, and the group is told that this member lives, however long that lasts.
 *
 * kafkajs gets over what is brief. Whatever it gives up on (brokers that are away, rights revoked, a topic that is
 * missing, a bug), and what fails before it runs, is given a new consumer after a pause: retrying the old one only
 * repeats "not connected". The new one takes the old one out of the group (departed-member.ts), so it works as soon as
 * the brokers do. `fromBeginning` always: after an offset that is out of range it would jump to the latest and skip.
 *
 * One that has stopped may be started again: the process stood by for a while.
 */
import type { EachBatchPayload } from "kafkajs";
import { createBackoff } from "../../backoff.ts";
import { atMost } from "../../deadline.ts";
import type { Log } from "../../log.ts";
import type { Random } from "../../random.ts";
import type { Scheduler } from "../../scheduler.ts";
import type { Subscription } from "../port.ts";
import type { GroupConsumer } from "./departed-member.ts";
import { type Fault, faultOf } from "./fault.ts";
import { decodeRecord } from "./record.ts";
import { createUnsettledOffsets, type UnsettledOffsets } from "./unsettled-offsets.ts";

export interface ConsumerDeps {
  /** A new consumer of the module's group, not yet connected. */
  readonly makeConsumer: () => GroupConsumer;
  /** A topic's name on the brokers. */
  readonly onBroker: (topic: string) => string;
  /** Resolves when the brokers have all topics, and names meanwhile those that are missing. */
  readonly topicsThere: () => Promise<void>;
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
  /** Also after `stop` has resolved. */
  start(): void;
  /**
   * Takes nothing more, waits for what is in hand for at most `withinMs`, then commits and leaves the group, for as long
   * again. Brokers that do not answer by then miss this member when its session is over.
   */
  stop(withinMs: number): Promise<void>;
}

/** From a start to the stop that follows. */
interface Run {
  stopped: boolean;
  readonly stopping: Promise<void>;
  readonly endPause: () => void;
  readonly leaving: Promise<null>;
  readonly leave: (nothing: null) => void;
  ended: Promise<void>;
}

const PAUSE = { firstMs: 200, mostMs: 1_000 };
/** A consumer that is given up is waited for no longer than that before the next one begins. */
const LEAVE_WITHIN_MS = 2_000;

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
  let current: GroupConsumer | undefined;
  /** Of this process's consumers, the one that joined last. */
  let member: string | null = null;
  let committing: Promise<void> = Promise.resolve();
  let cancelCommit: (() => void) | undefined;
  let commitFails = false;
  let told: string | null = null;
  let run = newRun();

  /** Logged when it is another one than before. */
  function tell({ text, isStarting }: Fault) {
    if (text !== told) log(isStarting ? "info" : "warn", "kafka.consumer_away", { module: group, error: text });
    told = text;
    deps.condition(text);
  }

  async function supervise(own: Run) {
    await deps.topicsThere();
    while (!own.stopped) {
      const fault = await oneLife(own).catch(faultOf);
      if (own.stopped || fault === null) return;
      tell(fault);
      if (fault.type === "UNKNOWN_TOPIC_OR_PARTITION") await deps.topicsThere();
      await Promise.race([scheduler.sleep(backoff.nextMs()), own.stopping]);
    }
  }

  /** Runs one consumer until it is given up; resolves with why, or with null when it leaves. */
  async function oneLife(own: Run): Promise<Fault | null> {
    const consumer = deps.makeConsumer();
    let isOver = false;
    const { promise: over, resolve: giveUp } = Promise.withResolvers<Fault>();
    consumer.on(consumer.events.CRASH, ({ payload }) => giveUp(faultOf(payload.error)));
    // kafkajs would ask the same broker again and again, also when others have taken its partitions over.
    consumer.on(consumer.events.REQUEST_TIMEOUT, ({ payload: { broker, apiName } }) =>
      giveUp(faultOf(`${broker} does not answer (${apiName})`)),
    );
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (isOver) return;
      assigned = payload.memberAssignment;
      member = payload.memberId;
      backoff.reset();
      log("info", "kafka.consumer_joined", { module: group });
      told = null;
      deps.condition(null);
    });
    async function begin() {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics.keys()], fromBeginning: true });
      if (member !== null) await consumer.leaveFor(member);
      if (isOver) return;
      member = null;
      current = consumer;
      const eachBatch = (payload: EachBatchPayload) => take(payload, () => own.stopped || isOver);
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
    }
    const running = begin();
    try {
      return await Promise.race([over, own.leaving, running.then(() => over)]);
    } finally {
      isOver = true;
      if (current === consumer) current = undefined;
      // While it connects or joins it does not hear that it is to leave.
      const gone = Promise.allSettled([consumer.disconnect(), running.finally(() => consumer.disconnect())]);
      await atMost(scheduler, LEAVE_WITHIN_MS, gone);
    }
  }

  /** What is fetched by a consumer that is over is left to the next one: it must not come between that one's records. */
  async function take(
    { batch, heartbeat, isRunning, isStale, pause, resolveOffset }: EachBatchPayload,
    isOver: () => boolean,
  ) {
    const { topic, partition } = batch;
    const offsets = offsetsOf(topic, partition, fetchedOffsetOf(batch));
    for (const record of batch.messages) {
      while (isFull() && !isOver()) await room(heartbeat);
      // Or it would be fetched again at once, and again, until this consumer has left.
      if (isOver()) return void pause();
      if (!isRunning() || isStale()) return;
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
        roomOrDone();
        log("error", "kafka.record_not_kept", { module: group, topic, partition, error: String(error) });
      },
    );
  }

  function settled(offsets: UnsettledOffsets, offset: bigint) {
    offsets.settle(offset);
    inHand--;
    roomOrDone();
    commitSoon();
  }

  function commitSoon() {
    if (cancelCommit !== undefined || run.stopped) return;
    cancelCommit = scheduler.after(limits.commitEveryMs, () => {
      cancelCommit = undefined;
      committing = committing.then(commit);
    });
  }

  async function commit() {
    const due = [...partitions].flatMap(([name, offsets]) => {
      const [topic = "", digits] = name.split(" ");
      const partition = Number(digits);
      // What another member goes on with is no longer ours to say.
      if (!assigned[topic]?.includes(partition)) return [];
      const offset = offsets.watermark();
      return offset === undefined ? [] : [{ topic, partition, offset, offsets }];
    });
    if (due.length === 0 || current === undefined) return;
    try {
      await current.commitOffsets(
        due.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
      );
      for (const { offset, offsets } of due) offsets.committed(offset);
      commitFails = false;
    } catch (error) {
      // What is not committed would be repeated, and counts as being on its way.
      if (!commitFails) log("info", "kafka.commit_failed", { module: group, error: faultOf(error).text });
      commitFails = true;
      commitSoon();
    }
  }

  async function finish(own: Run, withinMs: number) {
    let isLate = false;
    const cancel = scheduler.after(withinMs, () => {
      isLate = true;
      roomOrDone();
    });
    // What waits for an earlier number may wait for ever, and is not missed: it comes again.
    while (inHand > subscription.waiting() && !isLate)
      await new Promise<void>((resolve) => {
        roomOrDone = resolve;
      });
    cancel();
    cancelCommit?.();
    cancelCommit = undefined;
    const goodbye = committing.then(commit).then(() => {
      own.leave(null);
      return own.ended;
    });
    await atMost(scheduler, withinMs, goodbye);
  }

  return {
    start() {
      if (run.stopped) {
        run = newRun();
        assigned = {};
      }
      run.ended = supervise(run);
    },
    stop(withinMs) {
      run.stopped = true;
      run.endPause();
      roomOrDone();
      return finish(run, withinMs);
    },
  };
}

function newRun(): Run {
  const { promise: stopping, resolve: endPause } = Promise.withResolvers<void>();
  const { promise: leaving, resolve: leave } = Promise.withResolvers<null>();
  return { stopped: false, stopping, endPause, leaving, leave, ended: Promise.resolve() };
}

/** Where the fetch began that brought the batch. kafkajs has it on the batch, and not in its types. */
function fetchedOffsetOf(batch: EachBatchPayload["batch"]): bigint {
  const offset: unknown = Reflect.get(batch, "fetchedOffset");
  return BigInt(String(offset ?? batch.firstOffset() ?? 0));
}
