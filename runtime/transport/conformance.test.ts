/**
 * What every transport promises to the message core, on each adapter with the real message core at its far end: what was
 * sent has its effect once, in order for each key, whatever happens between.
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { activitySwitch } from "../activity/switch.fixture.ts";
import { topicOf } from "../messages/contract.ts";
import { type Envelope, messageId } from "../messages/envelope.ts";
import { incoming, newKey, type Replica, type ReplicaOptions, testBench } from "../messages/replicas.fixture.ts";
import { tallyCommands } from "../messages/tally.fixture.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { adapters, IN_HAND_LIMIT } from "./adapters.fixture.ts";
import type { Subscription } from "./port.ts";

const bench = testBench();
setDefaultTimeout(90_000);
const SOON_MS = 30_000;

/** Stands for the relay: what is not confirmed is sent again by whoever comes next. */
function openOutbox() {
  const unconfirmed = new Map<string, Envelope>();
  const publish = (replica: Replica, message: Envelope) =>
    replica.deliver(message).then(() => void unconfirmed.delete(messageId(message)));
  return {
    send(replica: Replica, messages: readonly Envelope[]) {
      for (const message of messages) unconfirmed.set(messageId(message), message);
      return Promise.all(messages.map((message) => publish(replica, message)));
    },
    sendAgain: (replica: Replica) => Promise.all([...unconfirmed.values()].map((message) => publish(replica, message))),
    unconfirmed: () => unconfirmed.size,
  };
}

const newKeys = (count: number) => Array.from({ length: count }, newKey);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Messages of several keys, mixed; those of a key in order. */
const mixed = (keys: readonly string[], each: number) =>
  numbers(each).flatMap((sequence) => keys.map((key) => incoming(key, sequence, { name: String(sequence) })));

async function allHandled(keys: readonly string[], each: number) {
  const expected = numbers(each).map(String);
  await until(
    "all have had their effect",
    async () => {
      const rows = await bench.rows("select key, count(*) as n from effect group by key");
      const counts = new Map(rows.map((row) => [String(row.key), Number(row.n)]));
      return keys.every((key) => (counts.get(key) ?? 0) >= each);
    },
    SOON_MS,
  );
  for (const key of keys) expect([key, await bench.effects(key)]).toEqual([key, expected]);
}

describe.each(adapters.map((adapter) => [adapter.name, adapter] as const))("%s", (_name, adapter) => {
  beforeAll(adapter.open, 120_000);
  /** What the replica that was started last has been given and has not settled. */
  let inHand = 0;
  let started = 0;
  /** What it has been given since. */
  let given = 0;
  function replica(options: ReplicaOptions = {}): Promise<Replica> {
    inHand = 0;
    given = 0;
    // Of the last one, or of nobody.
    const own = ++started;
    return bench.replica({
      ...options,
      transport(log) {
        const transport = adapter.transport(log);
        const subscribe = (subscription: Subscription) =>
          transport.subscribe({
            ...subscription,
            deliver(message) {
              if (own !== started) return subscription.deliver(message);
              inHand++;
              given++;
              return subscription.deliver(message).finally(() => inHand--);
            },
          });
        return { ...transport, subscribe };
      },
    });
  }

  test("keeps the order of each key", async () => {
    const keys = newKeys(20);
    await openOutbox().send(await replica(), mixed(keys, 30));
    await allHandled(keys, 30);
  });

  test("what is published twice has its effect once", async () => {
    const keys = newKeys(5);
    const one = await replica();
    await openOutbox().send(one, mixed(keys, 10));
    await openOutbox().send(one, mixed(keys, 10));
    await openOutbox().send(
      one,
      keys.map((key) => incoming(key, 11, { name: "11" })),
    );
    await allHandled(keys, 11);
  });

  test("a number that comes before its forerunner waits for it, and keeps nobody from coming", async () => {
    const one = await replica();
    const [key, other] = [newKey(), newKey()];
    const late = one.deliver(incoming(key, 2, { name: "2" }));
    await openOutbox().send(one, mixed([other], 3));
    await allHandled([other], 3);
    expect(await bench.effects(key)).toEqual([]);
    await one.deliver(incoming(key, 1, { name: "1" }));
    await late;
    await allHandled([key], 2);
  });

  test("messages whose forerunner is lost wait, and keep nobody else from coming, however many they are", async () => {
    const one = await replica();
    const waiting = newKeys(2 * IN_HAND_LIMIT);
    for (const key of waiting) void one.deliver(incoming(key, 2, { name: "2" }));
    const keys = newKeys(10);
    await openOutbox().send(one, mixed(keys, 10));
    await allHandled(keys, 10);
    await openOutbox().send(one, mixed(waiting, 1));
    await allHandled(waiting, 2);
  });

  test("a message that cannot be handled is parked, those behind it as well, and no other key waits", async () => {
    const one = await replica();
    const [poisoned, other] = [newKey(), newKey()];
    const scripts = [{ name: "1" }, { name: "2", boom: "poison" }, { name: "3" }, { name: "4" }];
    await openOutbox().send(one, [
      ...scripts.map((script, index) => incoming(poisoned, index + 1, script)),
      ...mixed([other], 20),
    ]);
    await allHandled([other], 20);
    await allHandled([poisoned], 1);
    await until("all of it is parked", async () => (await bench.letters(poisoned)).length === 3, SOON_MS);
    expect((await bench.letters(poisoned)).map(({ sequence, reason }) => `${sequence} ${reason}`)).toEqual([
      "2 threw",
      "3 behind",
      "4 behind",
    ]);
  });

  test("errors of the infrastructure park nothing: what came meanwhile is handled when they are over", async () => {
    const keys = newKeys(5);
    const one = await replica();
    for (const [index, sqlState] of ["08006", "40001", "53300", "57014"].entries()) {
      await bench.rows("insert into trouble values ($1)", sqlState);
      const before = one.logged.length;
      const sent = openOutbox().send(
        one,
        keys.map((key) => incoming(key, index + 1, { name: String(index + 1) })),
      );
      const isTried = () => one.logged.slice(before).some(({ event }) => event === "batch.unavailable");
      await until(`it is tried with ${sqlState}`, isTried, SOON_MS);
      await systemScheduler.sleep(200);
      expect([sqlState, await bench.count("dead_letter"), await bench.count("effect")]).toEqual([
        sqlState,
        0,
        index * keys.length,
      ]);
      await bench.rows("delete from trouble");
      await sent;
      await allHandled(keys, index + 1);
    }
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("what was parked is released by an operator and followed by what comes later", async () => {
    const key = newKey();
    const one = await replica();
    const poison = { name: "1", boom: "poison" };
    await openOutbox().send(one, [incoming(key, 1, poison), incoming(key, 2, { name: "2" })]);
    await until("both are parked", async () => (await bench.letters(key)).length === 2, SOON_MS);
    await one.stop();
    const two = await replica({ mended: true });
    const later = openOutbox().send(two, [incoming(key, 3, { name: "3" })]);
    const place = { key, source: topicOf(tallyCommands).name, sequence: 1 };
    expect(await two.running.letters.replay(place, null)).toMatchObject({
      kind: "done",
      state: "gone",
      pending: false,
    });
    await later;
    await allHandled([key], 3);
    expect(await bench.letters(key)).toEqual([]);
  });

  test("what a replica had in hand when it was killed is handled by the next one, once", async () => {
    const keys = newKeys(40);
    const outbox = openOutbox();
    const one = await replica();
    await openOutbox().send(one, mixed(keys, 5));
    await allHandled(keys, 5);
    one.faults.down = true;
    void outbox.send(one, mixed(keys, 25).slice(5 * keys.length));
    await until("it has some in hand", () => inHand >= IN_HAND_LIMIT / 2, SOON_MS);
    // Time to be confirmed, where that does not wait for the handling.
    await systemScheduler.sleep(500);
    await one.kill();
    const two = await replica();
    void outbox.sendAgain(two);
    await allHandled(keys, 25);
  });

  test("a replica that stops in order loses nothing, and the next one goes on", async () => {
    const keys = newKeys(40);
    const outbox = openOutbox();
    const one = await replica();
    void outbox.send(one, mixed(keys, 25));
    await until("it is in the middle of it", async () => (await bench.count("effect")) > 100, SOON_MS);
    await one.stop();
    const two = await replica();
    void outbox.sendAgain(two);
    await allHandled(keys, 25);
  });

  test("a second replica joins while messages are handled, and the first one leaves", async () => {
    const keys = newKeys(40);
    const outbox = openOutbox();
    const one = await replica();
    const [first, second] = [mixed(keys, 40).slice(0, 800), mixed(keys, 40).slice(800)];
    const sending = outbox.send(one, first);
    await until("it is in the middle of it", async () => (await bench.count("effect")) > 100, SOON_MS);
    const two = await replica();
    await sending;
    const more = outbox.send(two, second);
    await one.stop();
    await more;
    await allHandled(keys, 40);
  });

  test("a replica that stands by is given nothing, and everything once it takes part", async () => {
    const keys = newKeys(20);
    const activity = activitySwitch(false);
    const one = await replica({ activity });
    void openOutbox().send(one, mixed(keys, 10));
    await systemScheduler.sleep(adapter.joinMs);
    expect([inHand, await bench.count("effect")]).toEqual([0, 0]);
    activity.set(true);
    await allHandled(keys, 10);
  });

  test("is taken over by a replica that stood by, and handed back, while messages are handled", async () => {
    const keys = newKeys(20);
    const outbox = openOutbox();
    const [old, next] = [activitySwitch(true), activitySwitch(false)];
    const one = await replica({ activity: old });
    const two = await replica({ activity: next });
    await outbox.send(one, mixed(keys, 10));
    await allHandled(keys, 10);
    expect(given).toBe(0);
    const between = (from: number, to: number) => mixed(keys, to).slice(from * keys.length);
    void outbox.send(one, between(10, 20));
    next.set(true);
    old.set(false);
    void outbox.send(two, between(20, 30));
    void outbox.sendAgain(two);
    await allHandled(keys, 30);
    void outbox.send(two, between(30, 40));
    old.set(true);
    next.set(false);
    void outbox.sendAgain(one);
    await allHandled(keys, 40);
  });

  test("loses nothing when its replica stands by and takes part again and again, however short that is", async () => {
    const keys = newKeys(20);
    const activity = activitySwitch(true);
    const one = await replica({ activity });
    for (let turn = 0; turn < 20; turn++) {
      void openOutbox().send(one, mixed(keys, turn + 1).slice(turn * keys.length));
      activity.set(turn % 2 === 1);
      await systemScheduler.sleep((turn * 37) % 100);
    }
    activity.set(true);
    await allHandled(keys, 20);
  });

  test("a consumer whose database is away takes no more than it can hold, stays where it is, and catches up", async () => {
    const keys = newKeys(50);
    const outbox = openOutbox();
    const one = await replica();
    await openOutbox().send(
      one,
      keys.map((key) => incoming(key, 1, { name: "1" })),
    );
    await allHandled(keys, 1);
    const joined = () => one.logged.filter(({ event, fields }) => event.endsWith("joined") && fields.group === "tally");
    const joinedBefore = joined().length;
    one.faults.down = true;
    void outbox.send(one, mixed(keys, 40).slice(keys.length));
    await systemScheduler.sleep(adapter.silenceMs + 1_000);
    // What is not confirmed is still the sender's, who has bounds of its own.
    expect(inHand - outbox.unconfirmed()).toBeLessThanOrEqual(IN_HAND_LIMIT);
    one.faults.down = false;
    await allHandled(keys, 40);
    expect(joined()).toHaveLength(joinedBefore);
  });

  test("what carries the messages goes away and comes back", async () => {
    const keys = newKeys(20);
    const outbox = openOutbox();
    const one = await replica();
    const sending = outbox.send(one, mixed(keys, 30).slice(0, 300));
    await until("it is in the middle of it", async () => (await bench.count("effect")) > 50, SOON_MS);
    const isBack = await adapter.outage();
    if (isBack === null) one.faults.down = true;
    const more = outbox.send(one, mixed(keys, 30).slice(300));
    await systemScheduler.sleep(1_000);
    if (isBack === null) one.faults.down = false;
    else await isBack();
    await Promise.all([sending, more]);
    await allHandled(keys, 30);
  });
});
