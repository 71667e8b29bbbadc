/** What a group has committed: never past a record that is in hand, and no reason to skip one when it is of no use. */
import { expect, test } from "bun:test";
import { until } from "../../until.fixture.ts";
import { envelope, type OpenTransport, ready, SOON_MS, testBroker } from "./broker.fixture.ts";
import { kafkaClients } from "./client.ts";

const broker = testBroker();

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const onBroker = (topic: string) => `tests.${topic}`;
const groupOf = (consumer: string) => `tests.genai-demo.${consumer}`;

const publish = ({ transport }: OpenTransport, topic: string, sequences: readonly number[], key = "k") =>
  Promise.all(sequences.map((sequence) => transport.publish(envelope(topic, key, sequence))));

/** Of the topic's one partition, by the consumer of the same name. */
const committed = (topic: string) =>
  broker.administer(async (admin) => {
    const [group] = await admin.fetchOffsets({ groupId: groupOf(topic), topics: [onBroker(topic)] });
    return Number(group?.partitions[0]?.offset);
  });

/** Removes what is before the offset. */
const deleteBefore = (topic: string, offset: string) =>
  broker.administer(async (admin) => {
    // It fails where the client has not looked at the topic before.
    await admin.fetchTopicOffsets(onBroker(topic));
    await admin.deleteTopicRecords({ topic: onBroker(topic), partitions: [{ partition: 0, offset }] });
  });

/** As the only member of the group. */
async function commit(topic: string, offset: string) {
  const consumer = kafkaClients(broker.settings()).consumer(groupOf(topic));
  await consumer.connect();
  await consumer.subscribe({ topic: onBroker(topic) });
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined });
  await consumer.commitOffsets([{ topic: onBroker(topic), partition: 0, offset }]);
  await consumer.disconnect();
}

test.each<[string, (topic: string) => Promise<unknown>, number]>([
  ["before what is still there", (topic) => deleteBefore(topic, "10"), 11],
  ["beyond the end", (topic) => commit(topic, "1000"), 1],
])("a position %s: whatever there is comes, in order", async (_what, displace, first) => {
  const topic = await broker.topic();
  const before = await broker.open({ sends: [topic], consumes: { [topic]: [topic] } });
  await publish(before, topic, numbers(1, 5));
  await until("they have come", () => before.given.length === 5, SOON_MS);
  await before.transport.stop();
  expect(await committed(topic)).toBe(5);
  const sender = await broker.open({ sends: [topic] });
  await publish(sender, topic, numbers(6, 20));
  await displace(topic);
  const after = await broker.open({ consumes: { [topic]: [topic] } });
  await until("all have come", () => after.given.length >= 21 - first, SOON_MS);
  expect(after.given.map(({ sequence }) => sequence)).toEqual(numbers(first, 20));
  await until("all of it is committed", async () => (await committed(topic)) === 20, SOON_MS);
});

test("whoever comes and goes, nothing is committed past a record that is in hand", async () => {
  const topic = await broker.topic();
  const held = Promise.withResolvers<void>();
  const deliver = ({ sequence }: { readonly sequence: number }) => (sequence === 4 ? held.promise : Promise.resolve());
  const open = () => broker.open({ sends: [topic], consumes: { [topic]: [topic] }, deliver });
  const has = ({ given }: OpenTransport, wanted: number) => given.some(({ sequence }) => sequence === wanted);
  const one = await open();
  await ready(one);
  await publish(one, topic, numbers(1, 10));
  await until("what can be is settled", async () => has(one, 10) && (await committed(topic)) === 3, SOON_MS);

  const joins = (transport: OpenTransport) =>
    transport.logged.filter(({ event }) => event === "kafka.consumer_joined").length;
  const two = await open();
  await until("both are members", () => joins(two) > 0 && joins(one) > 1, SOON_MS);
  await publish(two, topic, numbers(11, 20));
  await until("they have come to one of them", () => has(one, 20) || has(two, 20), SOON_MS);
  // Whoever has the partition now commits what is settled of something else.
  await one.transport.stop();
  await until("the other one has all of it in hand", () => has(two, 4) && has(two, 20), SOON_MS);
  await publish(two, topic, numbers(21, 30));
  await until("those have come too", () => has(two, 30), SOON_MS);
  await two.transport.stop();
  expect(await committed(topic)).toBe(3);

  held.resolve();
  const three = await open();
  await until("the rest comes again", async () => has(three, 30) && (await committed(topic)) === 30, SOON_MS);
  expect(three.given.map(({ sequence }) => sequence)).toEqual(numbers(4, 30));
});
