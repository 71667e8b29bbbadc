/** Who a transport trusts, how it logs in, and what it says when either fails; on a listener with TLS and SASL. */

import { expect, test } from "bun:test";
import { keptToken } from "../../aws/kept-token.ts";
import { systemClock } from "../../clock.ts";
import { secret } from "../../secret.ts";
import { until } from "../../until.fixture.ts";
import { envelope, newTopic, type OpenTransport, ready, SOON_MS, testBroker } from "./broker.fixture.ts";
import type { KafkaLogin, KafkaSettings } from "./client.ts";

const broker = testBroker();

const scram = (password = broker.kafka.secured.password): KafkaLogin => ({
  mechanism: "scram-sha-512",
  username: broker.kafka.secured.user,
  password: secret(password),
});
const bearer = (token: () => Promise<string>, renewBeforeMs = 2_000): KafkaLogin => ({
  mechanism: "oauthbearer",
  source: "KAFKA_TOKEN_FILE",
  token,
  renewBeforeMs,
});
const secured = (sasl: KafkaLogin | null): Partial<KafkaSettings> => ({
  brokers: broker.kafka.secured.brokers,
  tls: { ca: broker.kafka.secured.ca },
  sasl,
});

const PARTS = ["topics", "publisher", "consumer reader"];

/** Resolves with what each part says once none of them is only connecting. */
async function complaints({ conditions }: OpenTransport): Promise<readonly string[]> {
  const said = () => PARTS.map((part) => conditions.get(part) ?? "works");
  await until("all parts have tried", () => !said().includes("is connecting"), SOON_MS);
  return said();
}

async function roundTrip(opened: OpenTransport, topic: string, sequence: number) {
  await opened.transport.publish(envelope(topic, "k", sequence));
  await until("it has come", () => opened.given.some((message) => message.sequence === sequence), SOON_MS);
}

test.each([
  ["SCRAM", () => scram()],
  ["a token", () => bearer(() => broker.kafka.secured.token(60_000))],
])("whoever logs in by %s publishes and consumes", async (_what, login) => {
  const topic = await broker.topic();
  const opened = await broker.open({ settings: secured(login()), sends: [topic], consumes: { [topic]: [topic] } });
  await roundTrip(opened, topic, 1);
  await ready(opened);
});

const byName = () => broker.kafka.secured.brokers.map((address) => address.replace("127.0.0.1", "localhost"));
test.each<[string, () => Partial<KafkaSettings>, string]>([
  [
    "brokers of another name",
    () => ({ ...secured(scram()), brokers: byName() }),
    "KAFKA_BROKERS must have the names that are in their certificates",
  ],
  [
    "an authority that nobody knows",
    () => ({ ...secured(scram()), tls: { ca: null } }),
    "KAFKA_CA_FILE must hold the authority that signed it",
  ],
  [
    "a listener without TLS",
    () => ({ ...secured(scram()), brokers: broker.kafka.brokers }),
    "that listener has no TLS: check KAFKA_TLS",
  ],
  ["no TLS for a listener with it", () => ({ ...secured(scram()), tls: null }), "wants another KAFKA_TLS"],
  ["a wrong password", () => secured(scram("guessed")), "check KAFKA_USERNAME and KAFKA_PASSWORD"],
  ["no login", () => secured(null), "KAFKA_SASL"],
  [
    "a mechanism that the brokers do not have",
    () => secured({ mechanism: "scram-sha-256", username: "u", password: secret("p") }),
    "give KAFKA_SASL a mechanism that they have",
  ],
  [
    "a token that has expired",
    () => secured(bearer(() => broker.kafka.secured.token(-5_000))),
    'the brokers refuse the token: {"status":"invalid_token"} (KAFKA_TOKEN_FILE must give one',
  ],
  ["an empty token", () => secured(bearer(async () => "")), "KAFKA_TOKEN_FILE is empty"],
  [
    "sessions that are renewed before they begin",
    () => secured(bearer(() => broker.kafka.secured.token(5_000), 3_600_000)),
    "KAFKA_RENEW_BEFORE_MS is longer than its sessions",
  ],
])("%s: all parts say so and what to do", async (_what, settings, advice) => {
  const topic = newTopic();
  const opened = await broker.open({ settings: settings(), sends: [topic], consumes: { reader: [topic] } });
  for (const said of await complaints(opened)) expect(said).toContain(advice);
});

/** Publishing and consuming with tokens that live for so long; each is renewed `renewBeforeMs` earlier. */
async function shortSessions(lifetimeMs: number, renewBeforeMs: number) {
  const topic = await broker.topic(3);
  let logins = 0;
  const login = bearer(() => {
    logins++;
    return broker.kafka.secured.token(lifetimeMs);
  }, renewBeforeMs);
  const opened = await broker.open({ settings: secured(login), sends: [topic], consumes: { [topic]: [topic] } });
  await roundTrip(opened, topic, 1);
  return { ...opened, topic, logins: () => logins };
}

test("sessions that last for seconds are renewed while messages flow, and after a silence longer than they last", async () => {
  const [busy, silent] = await Promise.all([shortSessions(6_000, 4_000), shortSessions(2_000, 1_000)]);
  const loginsBefore = busy.logins();
  let sent = 1;
  const end = performance.now() + 4_000;
  while (performance.now() < end) await busy.transport.publish(envelope(busy.topic, "k", ++sent));
  await roundTrip(silent, silent.topic, 2);
  await until("all have come", () => new Set(busy.given.map(({ sequence }) => sequence)).size === sent, SOON_MS);
  // Of the publisher's connection and of the consumer's.
  expect(busy.logins() - loginsBefore).toBeGreaterThanOrEqual(2);
  for (const { logged } of [busy, silent]) expect(logged.map(({ event }) => event)).toEqual(["kafka.consumer_joined"]);
});

test("a token that is no longer accepted is told, and a fresh one goes on by itself", async () => {
  const topic = await broker.topic();
  let lifetimeMs = 3_000;
  const login = bearer(() => broker.kafka.secured.token(lifetimeMs));
  const opened = await broker.open({ settings: secured(login), sends: [topic], consumes: { [topic]: [topic] } });
  await roundTrip(opened, topic, 1);
  lifetimeMs = -5_000;
  const publishing = opened.transport.publish(envelope(topic, "k", 2));
  const isRefused = (part: string) => opened.conditions.get(part)?.includes("the brokers refuse the token") === true;
  await until("the consumer says so", () => isRefused(`consumer ${topic}`), SOON_MS);
  const late = opened.transport.publish(envelope(topic, "k", 3));
  await until("the publisher says so", () => isRefused("publisher"), SOON_MS);
  lifetimeMs = 60_000;
  await Promise.all([publishing, late]);
  await until("all have come", () => new Set(opened.given.map(({ sequence }) => sequence)).size === 3, SOON_MS);
  await ready(opened);
});

test("signed tokens that live for seconds carry a flow of messages over several lifetimes: each login has a fresh one, none is lost", async () => {
  const topic = await broker.topic(3);
  let signed = 0;
  // As signed by IAM, kept for a moment; the broker ends what does not log in again before the token's end.
  const token = keptToken(
    async () => {
      signed++;
      return { value: secret(await broker.kafka.secured.token(3_000)), expiresAtMs: systemClock.now() + 3_000 };
    },
    systemClock,
    500,
  );
  const login = bearer(async () => (await token()).open(), 1_500);
  const opened = await broker.open({ settings: secured(login), sends: [topic], consumes: { [topic]: [topic] } });
  await roundTrip(opened, topic, 1);
  let sent = 1;
  // Some five lifetimes.
  const end = performance.now() + 15_000;
  while (performance.now() < end) await opened.transport.publish(envelope(topic, `k${sent % 3}`, ++sent));
  const came = () => new Set(opened.given.map(({ sequence }) => sequence));
  await until("all have come", () => came().size === sent, SOON_MS);
  expect([...came()].sort((left, right) => left - right)).toEqual(
    Array.from({ length: sent }, (_, index) => index + 1),
  );
  expect(signed).toBeGreaterThanOrEqual(5);
  expect(opened.logged.map(({ event }) => event)).toEqual(["kafka.consumer_joined"]);
  await ready(opened);
}, 60_000);
