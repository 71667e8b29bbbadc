import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type KafkaConfig,
  ResourcePatternTypes,
  type SASLOptions,
} from "kafkajs";
import { messageOf } from "../../runtime/error-text.ts";
import { until } from "../../runtime/until.fixture.ts";
import { type SecuredKafka, startExternalKafka } from "./external-kafka.ts";
import { provisionKafka } from "./kafka.ts";
import { type ClientOptions, createTopic, send, withAdmin } from "./kafka-client.fixture.ts";
import { provideOrSkip } from "./missing.ts";

const program = await provideOrSkip("tests/provision/kafka-security", provisionKafka);

const TIMEOUT_MS = 60_000;
const TOPIC = "orders";

let kafka: SecuredKafka;

beforeAll(async () => {
  if (program === undefined) return;
  kafka = await startExternalKafka({ secured: true });
  await createTopic(kafka.brokers, TOPIC);
}, TIMEOUT_MS);

afterAll(async () => {
  if (program !== undefined) await kafka.stop();
});

test.skipIf(program === undefined)(
  "who knows the password or has a token gets in",
  async () => {
    expect(await topicsSeenBy(scram())).toContain(TOPIC);
    expect(await topicsSeenBy(bearer(() => kafka.secured.token(60_000)))).toContain(TOPIC);
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a wrong password, a token that has expired, and a token that somebody else signed are refused",
  async () => {
    await expect(topicsSeenBy(scram("guessed"))).rejects.toThrow("authentication failed");
    // kafkajs does not notice that a token is refused; it only sees its connection closed.
    await expect(topicsSeenBy(bearer(() => kafka.secured.token(-5_000)))).rejects.toThrow();
    const forged = async () => `${(await kafka.secured.token(60_000)).slice(0, -8)}AAAAAAAA`;
    await expect(topicsSeenBy(bearer(forged))).rejects.toThrow();
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a client that does not know the authority, or asks for another name, trusts no broker",
  async () => {
    await expect(topicsSeenBy(scram(), { ssl: true })).rejects.toThrow("self signed certificate");
    const byName = kafka.secured.brokers.map((broker) => broker.replace("127.0.0.1", "localhost"));
    await expect(topicsSeenBy(scram(), {}, byName)).rejects.toThrow("does not match certificate's altnames");
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a connection authenticates again before its token expires",
  async () => {
    let asked = 0;
    const sasl = bearer(() => {
      asked += 1;
      return kafka.secured.token(4_000);
    });
    await withAdmin(
      kafka.secured.brokers,
      async (admin) => {
        await admin.listTopics();
        const before = asked;
        await until(
          "it asks for a fresh token",
          async () => (await admin.listTopics()).length > 0 && asked > before,
          20_000,
        );
      },
      secured(sasl, { reauthenticationThreshold: 3_000 }),
    );
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "rights can be taken away and given back",
  async () => {
    const denied = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: TOPIC,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${kafka.secured.user}`,
      host: "*",
      operation: AclOperationTypes.WRITE,
      permissionType: AclPermissionTypes.DENY,
    };
    const write = () => send(kafka.secured.brokers, TOPIC, ["first"], secured(scram()));
    await write();
    // A broker learns of an ACL a moment after the controller has answered.
    const refusal = () => write().then(() => undefined, messageOf);
    await withAdmin(kafka.brokers, (admin) => admin.createAcls({ acl: [denied] }));
    await until("writing is refused", async () => (await refusal())?.includes("Not authorized") === true, 20_000);
    await withAdmin(kafka.brokers, (admin) => admin.deleteAcls({ filters: [denied] }));
    await until("writing is allowed again", async () => (await refusal()) === undefined, 20_000);
  },
  TIMEOUT_MS,
);

/** A fresh one each time, for kafkajs writes into it. */
function scram(password = kafka.secured.password): SASLOptions {
  return { mechanism: "scram-sha-512", username: kafka.secured.user, password };
}

function bearer(token: () => Promise<string>): SASLOptions {
  return { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: await token() }) };
}

function secured(sasl: SASLOptions, options: Partial<KafkaConfig> = {}): ClientOptions {
  return { ssl: { ca: kafka.secured.ca }, sasl, retry: { retries: 0 }, ...options };
}

/** Fails at once when the client does not get in. */
function topicsSeenBy(sasl: SASLOptions, options: Partial<KafkaConfig> = {}, brokers = kafka.secured.brokers) {
  return withAdmin(brokers, (admin) => admin.listTopics(), secured(sasl, options));
}
