import { expect, test } from "bun:test";
import { ConfigResourceTypes } from "kafkajs";
import { DEFAULT_RETENTION } from "../../messages/retention.ts";
import { newTopic, testBroker } from "./broker.fixture.ts";
import { faultOf } from "./fault.ts";
import { createTopics } from "./topics.ts";

const broker = testBroker();

test("a topic keeps its messages for a time of its own, which marks of handled ones outlive", async () => {
  const name = `tests.${await broker.topic()}`;
  const { resources } = await broker.administer((admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name }] }),
  );
  const kept = resources[0]?.configEntries.find(({ configName }) => configName === "retention.ms");
  expect(kept).toMatchObject({ configValue: String(14 * 24 * 3_600_000), isDefault: false });
  expect(Number(kept?.configValue)).toBeLessThan(DEFAULT_RETENTION.marksKeptForMs / 2);
});

test("more copies than there are brokers: the fault says what is wrong, not only that something is", async () => {
  const topic = `tests.${newTopic()}`;
  const making = broker.administer((admin) => createTopics(admin, [topic], { partitions: 1, replication: 3 }));
  const error = await making.catch((reason: unknown) => reason);
  expect(faultOf(error)).toMatchObject({ type: "INVALID_REPLICATION_FACTOR" });
});
