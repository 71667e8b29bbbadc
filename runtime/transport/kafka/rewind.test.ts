import { expect, test } from "bun:test";
import { until } from "../../until.fixture.ts";
import { envelope, type OpenTransport, ready, SOON_MS, testBroker } from "./broker.fixture.ts";
import { rewindGroups } from "./rewind.ts";

const broker = testBroker();

const onBroker = (topic: string) => `tests.${topic}`;
const groupOf = (topic: string) => ({ group: `tests.genai-demo.${topic}`, topics: [onBroker(topic)] });
const publish = ({ transport }: OpenTransport, topic: string, sequences: readonly number[]) =>
  Promise.all(sequences.map((sequence) => transport.publish(envelope(topic, "k", sequence))));
const rewind = (topic: string, toMs: number) =>
  broker.administer((admin) => rewindGroups(admin, [groupOf(topic)], toMs));

/** A topic of which five messages were handled before the moment and three after it, by nobody who still runs. */
async function handled() {
  const topic = await broker.topic();
  const consumer = await broker.open({ sends: [topic], consumes: { [topic]: [topic] } });
  await ready(consumer);
  await publish(consumer, topic, [1, 2, 3, 4, 5]);
  await Bun.sleep(50);
  const momentMs = Date.now();
  await Bun.sleep(50);
  await publish(consumer, topic, [6, 7, 8]);
  await until("all have come", () => consumer.given.length === 8, SOON_MS);
  return { topic, consumer, momentMs };
}

async function comesAgain(topic: string, last: number) {
  const consumer = await broker.open({ consumes: { [topic]: [topic] } });
  await until("it has come again", () => consumer.given.some(({ sequence }) => sequence === last), SOON_MS);
  const numbers = consumer.given.map(({ sequence }) => sequence);
  await consumer.transport.stop();
  return numbers;
}

test("what came since the moment comes again; a second run, or a later moment, moves nothing forward", async () => {
  const { topic, consumer, momentMs } = await handled();
  await consumer.transport.stop();
  expect(await rewind(topic, momentMs)).toEqual([{ ...nameOf(topic), records: 3 }]);
  expect(await rewind(topic, momentMs)).toEqual([{ ...nameOf(topic), records: 0 }]);
  expect(await rewind(topic, Date.now() + 60_000)).toEqual([{ ...nameOf(topic), records: 0 }]);
  expect(await comesAgain(topic, 8)).toEqual([6, 7, 8]);
});

test("from the beginning: all that the topic keeps, and not what it has given up", async () => {
  const { topic, consumer } = await handled();
  await consumer.transport.stop();
  await broker.administer(async (admin) => {
    // It fails where the client has not looked at the topic before.
    await admin.fetchTopicOffsets(onBroker(topic));
    await admin.deleteTopicRecords({ topic: onBroker(topic), partitions: [{ partition: 0, offset: "2" }] });
  });
  expect(await rewind(topic, 0)).toEqual([{ ...nameOf(topic), records: 6 }]);
  expect(await comesAgain(topic, 8)).toEqual([3, 4, 5, 6, 7, 8]);
});

test("a group with members is refused, and says which", async () => {
  const { topic, momentMs } = await handled();
  await expect(rewind(topic, momentMs)).rejects.toThrow(`tests.genai-demo.${topic} has members`);
});

test("a group that never was begins at the beginning anyway", async () => {
  const topic = await broker.topic();
  expect(await rewind(topic, 0)).toEqual([{ ...nameOf(topic), records: 0 }]);
});

const nameOf = (topic: string) => ({ group: groupOf(topic).group, topic: onBroker(topic) });
