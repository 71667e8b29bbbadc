/** A message that is larger than the brokers take is given back to its sender, and is in nobody's way. */
import { expect, test } from "bun:test";
import { envelope, newTopic, ready, testBroker } from "./broker.fixture.ts";

const LIMIT_BYTES = 20_000;
const broker = testBroker();

/** The brokers' own limit is for everybody; a topic may have one of its own. */
async function limitedTopic(partitions: number) {
  const topic = newTopic();
  const configEntries = [{ name: "max.message.bytes", value: String(LIMIT_BYTES) }];
  await broker.administer((admin) =>
    admin.createTopics({ topics: [{ topic: `tests.${topic}`, numPartitions: partitions, configEntries }] }),
  );
  return topic;
}

const text = (bytes: number) => JSON.stringify("x".repeat(bytes));

test("it is found among others, which go on in order, also those of its own key", async () => {
  const [topic, other] = [await limitedTopic(2), await broker.topic()];
  const opened = await broker.open({ sends: [topic, other] });
  await ready(opened);
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 60 }, (_, index) => {
      const sequence = Math.floor(index / 3) + 1;
      const isLarge = index === 31;
      return opened.transport.publish(envelope(topic, `k${index % 3}`, sequence, text(isLarge ? LIMIT_BYTES : 100)));
    }),
    opened.transport.publish(envelope(other, "k", 1)),
  ]);
  const refused = outcomes.flatMap((each, index) => (each.status === "rejected" ? [[index, String(each.reason)]] : []));
  expect(refused).toEqual([[31, expect.stringContaining("raise the brokers' message.max.bytes")]]);
  // What was sent together with it may be there twice.
  const written = [...new Set(await broker.written(topic))];
  for (const key of ["k0", "k1", "k2"]) {
    const sequences = Array.from({ length: 20 }, (_, index) => index + 1).filter((each) => key !== "k1" || each !== 11);
    expect(written.filter((id) => id.startsWith(`${key} `))).toEqual(sequences.map((sequence) => `${key} ${sequence}`));
  }
  expect(await broker.written(other)).toContain("k 1");
  await ready(opened);
});

test("many that are only large together are sent apart, and all are confirmed", async () => {
  const topic = await limitedTopic(1);
  const opened = await broker.open({ sends: [topic] });
  await ready(opened);
  const sequences = Array.from({ length: 40 }, (_, index) => index + 1);
  await Promise.all(
    sequences.map((sequence) => opened.transport.publish(envelope(topic, "k", sequence, text(LIMIT_BYTES / 4)))),
  );
  expect([...new Set(await broker.written(topic))]).toEqual(sequences.map((sequence) => `k ${sequence}`));
});
