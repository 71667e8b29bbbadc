/** Producers and consumers over the brokers, on a loop where nothing fails but what a test does. */
import { expect, test } from "bun:test";
import { seededRandom } from "../../../runtime/random.ts";
import { SESSION_MS } from "../../../runtime/transport/kafka/client.ts";
import { drawFaultProfile, type FaultProfile } from "../fault-profile.ts";
import { createFaults } from "../faults.ts";
import { createLoop } from "../loop.ts";
import { createTrace } from "../trace.ts";
import { createBrokers } from "./brokers.ts";

const TOPIC = "events";
const GROUP = "group";

function calmProfile(): FaultProfile {
  for (let seed = 0; ; seed++) {
    const profile = drawFaultProfile(seededRandom(seed));
    if (profile.calm) return profile;
  }
}

function bench(seed: number) {
  const elapsedMs = () => loop.now();
  const trace = createTrace("lines", elapsedMs);
  const faults = createFaults(seededRandom(seed), calmProfile(), elapsedMs);
  const loop = createLoop({ random: seededRandom(seed), faults, trace, startMs: 0, onCrash: () => undefined });
  const brokers = createBrokers({ loop, faults, trace, random: seededRandom(seed + 1), topics: [TOPIC] });
  let made = 0;

  /** Steps until it has come. */
  async function run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    void work.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    while (!ended) await loop.step();
    return work;
  }

  async function until(holds: () => boolean) {
    while (!holds()) await loop.step();
  }

  async function send(...ids: readonly string[]) {
    const actor = loop.createActor("sender", true, 0);
    const producer = brokers.clientsOf(actor, seededRandom(++made)).producer();
    await run(producer.connect());
    const messages = ids.map((id) => ({ key: id, value: "", headers: { ce_id: id } }));
    await run(producer.sendBatch({ topicMessages: [{ topic: TOPIC, messages }] }));
  }

  /** Takes what it is handed, and commits what it is told to. */
  async function consume(name: string) {
    const actor = loop.createActor(name, true, 0);
    const consumer = brokers.clientsOf(actor, seededRandom(++made)).consumer(GROUP);
    const handed: string[] = [];
    const places: { readonly topic: string; readonly partition: number; readonly next: string }[] = [];
    let joins = 0;
    consumer.on(consumer.events.GROUP_JOIN, () => {
      joins += 1;
    });
    await run(consumer.connect());
    await run(consumer.subscribe({ topics: [TOPIC], fromBeginning: true }));
    const running = consumer.run({
      autoCommit: false,
      async eachBatch({ batch: { topic, partition, messages, lastOffset }, resolveOffset }) {
        handed.push(...messages.map(({ headers }) => String(headers?.["ce_id"])));
        places.push({ topic, partition, next: String(Number(lastOffset()) + 1) });
        resolveOffset(lastOffset());
      },
    });
    const commit = () =>
      run(consumer.commitOffsets(places.map(({ topic, partition, next: offset }) => ({ topic, partition, offset }))));
    return { actor, handed, running, commit, joins: () => joins, stop: () => run(consumer.disconnect()) };
  }

  return { loop, faults, brokers, run, until, send, consume };
}

test("after a death others go on where the group has committed, and repeat the rest", async () => {
  const { loop, brokers, run, until, send, consume } = bench(1);
  const first = await consume("first");
  await run(first.running);
  await send("a");
  await until(() => first.handed.length === 1);
  await first.commit();
  await send("b");
  await until(() => first.handed.length === 2);
  expect(brokers.uncommitted()).toContain(GROUP);
  loop.kill(first.actor);
  const diedMs = loop.now();
  const second = await consume("second");
  await until(() => second.handed.length === 1);
  expect(second.handed).toEqual(["b"]);
  expect(loop.now() - diedMs).toBeGreaterThan(SESSION_MS);
  await second.commit();
  expect(brokers.uncommitted()).toBe(null);
});

test("one that freezes past its session is handed what it had fetched, and may not commit it", async () => {
  const { loop, faults, run, until, send, consume } = bench(2);
  const first = await consume("first");
  await run(first.running);
  await until(() => first.joins() === 1);
  loop.freeze(first.actor, 4 * SESSION_MS);
  await send("a");
  const second = await consume("second");
  await until(() => second.handed.length === 1);
  await second.commit();
  expect(first.handed).toEqual([]);
  await until(() => first.handed.length === 1);
  expect(faults.counts["staleBatch"]).toBe(1);
  await expect(first.commit()).rejects.toThrow("is no member of group");
  // It joins anew, and nothing is handed over twice.
  await until(() => first.joins() === 2);
  await send("b");
  await until(() => first.handed.length + second.handed.length === 3);
  expect([...first.handed, ...second.handed].sort()).toEqual(["a", "a", "b"]);
});

test("one that stops leaves at once", async () => {
  const { loop, run, until, send, consume } = bench(3);
  const first = await consume("first");
  await run(first.running);
  await first.stop();
  await send("a");
  const sentMs = loop.now();
  const second = await consume("second");
  await until(() => second.handed.length === 1);
  expect(loop.now() - sentMs).toBeLessThan(SESSION_MS);
  expect(first.handed).toEqual([]);
});
