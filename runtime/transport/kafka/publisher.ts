/**
 * Sends messages to the brokers: one awaited send at a time, each of whatever has queued while the last one was in
 * flight. A message is confirmed when all in-sync replicas have it.
 *
 * An idempotent producer with two sends under way loses acknowledged messages after a time-out, and one that has met an
 * error may be out of step with the broker: so there is never a second send, and after any error the producer is
 * dropped and the same batch is sent again by a new one. That can write a message twice (the inbox skips it), keeps the
 * order of each key, and loses none. An outage is waited for; only a single message that the brokers refuse for what it
 * is (too large) is given back to its sender, and a topic that does not exist holds up its own messages alone.
 */
import type { Producer } from "kafkajs";
import { createBackoff } from "../../backoff.ts";
import { atMost } from "../../deadline.ts";
import type { Log } from "../../log.ts";
import type { Envelope } from "../../messages/envelope.ts";
import type { Random } from "../../random.ts";
import type { Scheduler } from "../../scheduler.ts";
import { faultOf } from "./fault.ts";
import { encodeRecord, type OutgoingRecord } from "./record.ts";

export interface PublisherDeps {
  /** A new producer, not yet connected. */
  readonly makeProducer: () => Producer;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly log: Log;
  /** Null while the brokers take what is sent, else why they do not, in one sentence. */
  readonly condition: (problem: string | null) => void;
}

export interface Publisher {
  /** `topic`: its name on the brokers. */
  publish(topic: string, message: Envelope): Promise<void>;
  start(): void;
  /** Resolves when the send under way has ended, at the latest after `withinMs`; what waits is not confirmed. */
  stop(withinMs: number): Promise<void>;
}

interface Waiting {
  readonly record: OutgoingRecord;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Of one topic. */
interface Queue {
  readonly topic: string;
  waiting: Waiting[];
  /** So many are sent next, at most: fewer after the brokers have refused some for one among them. */
  limit: number;
  /** Sent alone: it was part of a send that failed for one of its topics. */
  ailing: boolean;
  /** Not sent now: the brokers do not know the topic, or do not let us. */
  resting: boolean;
}

type Batch = readonly { readonly queue: Queue; readonly taken: readonly Waiting[] }[];

const BATCH_MESSAGES = 200;
/** The brokers' limit (1 MiB) is on what goes to one partition at once. */
const BATCH_BYTES = 500_000;
const PAUSE = { firstMs: 100, mostMs: 1_000 };
const TOPIC_PAUSE_MS = 1_000;

export function createPublisher(deps: PublisherDeps): Publisher {
  const { scheduler, random, log } = deps;
  const queues = new Map<string, Queue>();
  const backoff = createBackoff(random, PAUSE);
  let producer: Producer | undefined;
  let wake: () => void = () => undefined;
  let stopped = false;
  /** Nobody waits any longer for what is still under way. */
  let left = false;
  const { promise: stopping, resolve: endPause } = Promise.withResolvers<void>();
  let ended: Promise<void> = Promise.resolve();
  /** What is wrong, with the brokers or for one topic. Each is logged once, until it is over. */
  const problems = new Map<"brokers" | Queue, string>();

  function isWrong(where: "brokers" | Queue, problem: string) {
    if (!problems.has(where)) log("warn", "kafka.publish_failed", { error: problem });
    problems.set(where, problem);
    report();
  }

  function isRight(...places: readonly ("brokers" | Queue)[]) {
    const over = places.filter((place) => problems.delete(place));
    if (over.length > 0 && problems.size === 0) log("info", "kafka.publishes_again", {});
    report();
  }

  function report() {
    const [problem = null] = problems.values();
    deps.condition(problem);
  }

  const pause = () => Promise.race([scheduler.sleep(backoff.nextMs()), stopping]);

  async function loop() {
    while (!stopped) {
      if (producer === undefined && !(await connect())) continue;
      const batch = takeBatch();
      if (batch.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      await send(batch);
    }
    await drop();
  }

  async function connect(): Promise<boolean> {
    const made = deps.makeProducer();
    try {
      await made.connect();
      producer = made;
      // What waits to be sent will tell.
      if (takeBatch().length === 0) isRight("brokers");
      return true;
    } catch (error) {
      isWrong("brokers", `no broker takes messages: ${faultOf(error).text}`);
      await made.disconnect().catch(() => undefined);
      await pause();
      return false;
    }
  }

  async function drop() {
    const dropped = producer;
    producer = undefined;
    // A producer that is out of step may also fail to say goodbye.
    await dropped?.disconnect().catch(() => undefined);
  }

  /** What may be sent now: one ailing topic's first messages, or those of all healthy ones. */
  function takeBatch(): Batch {
    const ready = [...queues.values()].filter(({ waiting, resting }) => waiting.length > 0 && !resting);
    const ailing = ready.find((queue) => queue.ailing);
    return (ailing ? [ailing] : ready).map((queue) => ({ queue, taken: firstOf(queue) }));
  }

  async function send(batch: Batch) {
    try {
      await producer?.sendBatch({
        acks: -1,
        topicMessages: batch.map(({ queue: { topic }, taken }) => ({
          topic,
          messages: taken.map(({ record }) => record),
        })),
      });
    } catch (error) {
      return failed(batch, error);
    }
    if (left) return;
    backoff.reset();
    isRight("brokers", ...batch.map(({ queue }) => queue));
    for (const { queue, taken } of batch) {
      queue.ailing = false;
      queue.limit = Math.min(BATCH_MESSAGES, queue.limit * 2);
      queue.waiting = queue.waiting.slice(taken.length);
      for (const { resolve } of taken) resolve();
    }
  }

  async function failed(batch: Batch, error: unknown) {
    const fault = faultOf(error);
    await drop();
    const [first, ...others] = batch;
    if (fault.kind === "broker" || first === undefined) {
      isWrong("brokers", `the brokers do not take messages: ${fault.text}`);
      await pause();
      return;
    }
    isRight("brokers");
    if (others.length > 0) {
      // One of them is the culprit: each is tried alone.
      for (const { queue } of batch) queue.ailing = true;
    } else if (fault.kind === "topic") {
      isWrong(first.queue, `the topic ${first.queue.topic} takes no messages: ${fault.text}`);
      rest(first.queue);
    } else if (first.taken.length > 1) {
      first.queue.limit = Math.floor(first.taken.length / 2);
    } else {
      isRight(first.queue);
      refuse(first.queue, fault.text);
    }
  }

  function firstOf({ waiting, limit }: Queue): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const each of waiting) {
      bytes += each.bytes;
      if (count === limit || (count > 0 && bytes > BATCH_BYTES)) break;
      count++;
    }
    return waiting.slice(0, count);
  }

  function refuse(queue: Queue, text: string) {
    const [lone, ...others] = queue.waiting;
    queue.waiting = others;
    queue.ailing = false;
    lone?.reject(new Error(`the brokers refuse it: ${text}`));
  }

  function rest(queue: Queue) {
    queue.ailing = true;
    queue.resting = true;
    scheduler.after(TOPIC_PAUSE_MS, () => {
      queue.resting = false;
      wake();
    });
  }

  return {
    publish(topic, message) {
      return new Promise((resolve, reject) => {
        const record = encodeRecord(message);
        const bytes = Buffer.byteLength(record.value);
        let queue = queues.get(topic);
        if (!queue) {
          queue = { topic, waiting: [], limit: BATCH_MESSAGES, ailing: false, resting: false };
          queues.set(topic, queue);
        }
        queue.waiting.push({ record, bytes, resolve, reject });
        wake();
      });
    },
    start() {
      ended = loop();
    },
    async stop(withinMs) {
      stopped = true;
      endPause();
      wake();
      await atMost(scheduler, withinMs, ended);
      left = true;
    },
  };
}
