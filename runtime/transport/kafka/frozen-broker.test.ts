/** A broker that takes connections and answers nobody: what is confirmed is kept, and nobody waits for it at the end. */
import { expect, test } from "bun:test";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { envelope, ready, SOON_MS, testBroker } from "./broker.fixture.ts";

const broker = testBroker();

const FROZEN_MS = 2_500;
const KEYS = Array.from({ length: 10 }, (_, index) => `k${index}`);

test("no confirmed message is lost, and each key keeps its order", async () => {
  const topic = await broker.topic(3);
  const opened = await broker.open({ sends: [topic], timeouts: { requestMs: 600 } });
  await ready(opened);
  const confirmed = new Set<string>();
  const sends: Promise<unknown>[] = [];
  let sequence = 0;
  async function sendFor(durationMs: number) {
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      sequence++;
      for (const key of KEYS) {
        const id = `${key} ${sequence}`;
        sends.push(opened.transport.publish(envelope(topic, key, sequence)).then(() => confirmed.add(id)));
      }
      await systemScheduler.sleep(10);
    }
  }
  const [node] = broker.kafka.nodes;
  await sendFor(300);
  node?.freeze();
  await sendFor(FROZEN_MS);
  node?.thaw();
  await sendFor(300);
  await Promise.all(sends);

  expect(opened.logged.map(({ event }) => event)).toContain("kafka.publish_failed");
  const firsts = [...new Set(await broker.written(topic))];
  expect(firsts.toSorted()).toEqual([...confirmed].toSorted());
  for (const key of KEYS) {
    const inOrder = Array.from({ length: sequence }, (_, index) => `${key} ${index + 1}`);
    expect(firsts.filter((id) => id.startsWith(`${key} `))).toEqual(inOrder);
  }
});

test("a stop does not wait for its answers: neither for commits nor for what is being sent or asked", async () => {
  const topic = await broker.topic();
  const held = Promise.withResolvers<void>();
  const opened = await broker.open({
    sends: [topic],
    consumes: { [topic]: [topic] },
    deliver: () => held.promise,
    // Far longer than this test may take.
    timeouts: { requestMs: 600_000 },
  });
  const { transport } = opened;
  await transport.publish(envelope(topic, "k", 1));
  await until("it is in hand", () => opened.given.length === 1, SOON_MS);
  broker.kafka.nodes[0]?.freeze();
  let confirmed = 0;
  void transport.publish(envelope(topic, "k", 2)).then(() => confirmed++);
  void transport.travelling(topic);
  held.resolve();
  // Time to be on their way.
  await systemScheduler.sleep(500);
  const stopped = transport.stop().then(() => "stopped");
  expect(await Promise.race([stopped, systemScheduler.sleep(SOON_MS).then(() => "hangs")])).toBe("stopped");
  expect(confirmed).toBe(0);
});
