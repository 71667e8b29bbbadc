/** Rights that are taken away from a client that runs: each part says which, and goes on when it has them again. */

import { expect, test } from "bun:test";
import { type AclEntry, AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from "kafkajs";
import { secret } from "../../secret.ts";
import { until } from "../../until.fixture.ts";
import { envelope, ready, SOON_MS, testBroker } from "./broker.fixture.ts";

const broker = testBroker();

const denied = (resourceType: AclResourceTypes, resourceName: string, operation: AclOperationTypes): AclEntry => ({
  resourceType,
  resourceName,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: `User:${broker.kafka.secured.user}`,
  host: "*",
  operation,
  permissionType: AclPermissionTypes.DENY,
});

const { TOPIC, GROUP } = AclResourceTypes;
const { READ, WRITE } = AclOperationTypes;
const RIGHTS: readonly [string, (topic: string) => AclEntry, (topic: string) => string, string][] = [
  ["to read a topic", (topic) => denied(TOPIC, `tests.${topic}`, READ), (topic) => `consumer ${topic}`, "on the topic"],
  [
    "to be in a group",
    (topic) => denied(GROUP, `tests.genai-demo.${topic}`, READ),
    (topic) => `consumer ${topic}`,
    "on the consumer group",
  ],
  ["to write to a topic", (topic) => denied(TOPIC, `tests.${topic}`, WRITE), () => "publisher", "on the topic"],
];

test.each(RIGHTS)("the right %s is missed, and taken up again", async (_what, entryOf, partOf, advice) => {
  const topic = await broker.topic();
  const { brokers, ca, user: username, password } = broker.kafka.secured;
  const opened = await broker.open({
    settings: { brokers, tls: { ca }, sasl: { mechanism: "scram-sha-512", username, password: secret(password) } },
    sends: [topic],
    consumes: { [topic]: [topic] },
  });
  let sent = 0;
  const publish = () => opened.transport.publish(envelope(topic, "k", ++sent));
  await publish();
  await ready(opened);
  const [entry, part] = [entryOf(topic), partOf(topic)];
  await broker.administer((admin) => admin.createAcls({ acl: [entry] }));
  const waiting: Promise<unknown>[] = [];
  await until(
    "it says so",
    () => {
      waiting.push(publish());
      return opened.conditions.get(part)?.includes(`grant this client its rights ${advice}`) === true;
    },
    SOON_MS,
  );
  await broker.administer((admin) => admin.deleteAcls({ filters: [entry] }));
  await Promise.all(waiting);
  await until("all have come", () => new Set(opened.given.map(({ sequence }) => sequence)).size === sent, SOON_MS);
  await ready(opened);
  expect(opened.logged.map(({ fields }) => String(fields["error"]))).toContainEqual(expect.stringContaining(advice));
});
