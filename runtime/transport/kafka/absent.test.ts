/** A transport whose brokers or topics are away: each part says so, and it goes on by itself. */
import { expect, test } from "bun:test";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { envelope, newTopic, type OpenTransport, ready, SOON_MS, testBroker } from "./broker.fixture.ts";
import { createTopics } from "./topics.ts";

const broker = testBroker();

test("brokers that are away are told by who worked with them and by who starts, and gone on with when they are back", async () => {
  const topic = await broker.topic();
  const [modules, newcomer] = [Array.from({ length: 6 }, (_, index) => `${topic}-${index}`), `${topic}-newcomer`];
  const early = await broker.open({
    sends: [topic],
    consumes: Object.fromEntries(modules.map((module) => [module, [topic]])),
    // A consumer that waits for its forerunner's membership to end is late for this test.
    timeouts: { sessionMs: 3 * SOON_MS, rebalanceMs: 3 * SOON_MS },
  });
  await early.transport.publish(envelope(topic, "early", 1));
  await ready(early);
  const [node] = broker.kafka.nodes;
  await node?.kill();
  const late = await broker.open({ sends: [topic], consumes: { [newcomer]: [topic], [`${newcomer}-too`]: [topic] } });
  let confirmed = 0;
  const publishing = [2, 3, 4].flatMap((sequence) => [
    early.transport.publish(envelope(topic, "early", sequence)).then(() => confirmed++),
    late.transport.publish(envelope(topic, "late", sequence - 1)).then(() => confirmed++),
  ]);
  const parts = ["publisher", ...modules.map((each) => `consumer ${each}`)];
  await until("all who worked say so", () => parts.every((part) => early.conditions.get(part) !== null), SOON_MS);
  const isTold = (part: string) => late.conditions.get(part)?.includes("ECONNREFUSED") === true;
  const newParts = ["topics", "publisher", `consumer ${newcomer}`, `consumer ${newcomer}-too`];
  await until("all who start say so", () => newParts.every(isTold), SOON_MS);
  expect([...late.conditions.keys()].toSorted()).toEqual(newParts.toSorted());
  expect(late.conditions.get("topics")).toStartWith(`no broker of ${broker.kafka.brokers.join(", ")} answers: `);
  expect(late.logged.map(({ event }) => event).toSorted()).toEqual(["kafka.publish_failed", "kafka.topics"]);
  expect([confirmed, late.given.length]).toEqual([0, 0]);

  await node?.start();
  await Promise.all(publishing);
  const has = ({ given }: OpenTransport, sequence: number) => given.filter((each) => each.sequence === sequence).length;
  await until("all who worked have it", () => has(early, 4) === modules.length, SOON_MS);
  await until("all who start have it", () => has(late, 4) === 2, SOON_MS);
  await Promise.all([ready(early), ready(late)]);
});

test("topics that are missing are named, once in the log, and gone on with when they are made", async () => {
  const [there, consumed, sent] = [await broker.topic(), newTopic(), newTopic()];
  const opened = await broker.open({ sends: [there, sent], consumes: { [consumed]: [there, consumed] } });
  await opened.transport.publish(envelope(there, "k", 1));
  let confirmed = 0;
  const publishing = opened.transport.publish(envelope(sent, "k", 1)).then(() => confirmed++);
  const problem = `the brokers have no topic tests.${consumed}, tests.${sent} that this client may see: run \`genai-demo topics\``;
  await until("they are named", () => opened.conditions.get("topics") === problem, SOON_MS);
  expect(opened.conditions.get(`consumer ${consumed}`)).toBe(`waits: ${problem}`);
  const isTold = () => opened.conditions.get("publisher")?.startsWith(`the topic tests.${sent} takes no messages`);
  await until("the publisher names its own", () => isTold() === true, SOON_MS);
  // Time for several attempts of each.
  await systemScheduler.sleep(2_000);
  expect(opened.logged.map(({ event, fields }) => `${event} ${fields.error}`).sort()).toEqual([
    expect.stringContaining(`kafka.publish_failed the topic tests.${sent} takes no messages`),
    `kafka.topics ${problem}`,
  ]);
  expect(isTold()).toBe(true);
  await opened.transport.publish(envelope(there, "k", 2));
  expect([confirmed, opened.given.length]).toEqual([0, 0]);

  const names = [consumed, sent].map((topic) => `tests.${topic}`);
  await broker.administer((admin) => createTopics(admin, names, { partitions: 2, replication: null }));
  await publishing;
  await opened.transport.publish(envelope(consumed, "k", 1));
  await until("all have come", () => opened.given.length >= 3, SOON_MS);
  await ready(opened);
});

test("a topic that is deleted is named by whoever needs it, and gone on with when it is made again", async () => {
  const [topic, other] = [await broker.topic(), await broker.topic()];
  const opened = await broker.open({ sends: [topic, other], consumes: { [topic]: [topic], [other]: [other] } });
  await opened.transport.publish(envelope(topic, "k", 1));
  await ready(opened);
  await until("it has come", () => opened.given.length === 1, SOON_MS);
  await broker.administer((admin) => admin.deleteTopics({ topics: [`tests.${topic}`] }));
  const publishing = opened.transport.publish(envelope(topic, "k", 2));
  const problem = `the brokers have no topic tests.${topic} that this client may see: run \`genai-demo topics\``;
  const names = (part: string) => opened.conditions.get(part)?.includes(`tests.${topic}`) === true;
  const parts = ["topics", "publisher", `consumer ${topic}`];
  await until("all name it", () => parts.every(names), SOON_MS);
  expect(opened.logged.map(({ fields }) => fields["error"])).toContain(problem);
  await opened.transport.publish(envelope(other, "k", 1));
  await until("the other topic's goes on", () => opened.given.some((each) => each.topic === other), SOON_MS);
  expect(opened.conditions.get(`consumer ${other}`)).toBeNull();

  const made = { partitions: 1, replication: null };
  await broker.administer((admin) => createTopics(admin, [`tests.${topic}`], made));
  await publishing;
  await until("it has come", () => opened.given.some(({ sequence }) => sequence === 2), SOON_MS);
  await ready(opened);
});
