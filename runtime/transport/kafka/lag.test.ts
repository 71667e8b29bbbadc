/** How far a consumer's group is behind, as metrics tell it. */
import { test } from "bun:test";
import { metricsBench } from "../../telemetry/metrics/metrics.fixture.ts";
import { until } from "../../until.fixture.ts";
import { observeLag } from "../observe-lag.ts";
import { envelope, SOON_MS, testBroker } from "./broker.fixture.ts";

const broker = testBroker();
const topicOf = (name: string) => ({ name, module: "tests", types: new Map() });

test("what is published and not settled is told for each topic, and none of it once it is settled", async () => {
  const [busy, quiet] = [await broker.topic(), await broker.topic()];
  const held = Promise.withResolvers<void>();
  const { transport, given } = await broker.open({
    sends: [busy, quiet],
    consumes: { reader: [busy, quiet] },
    deliver: ({ topic }) => (topic === busy ? held.promise : Promise.resolve()),
  });
  const { metrics, samples } = metricsBench(5_000);
  observeLag(metrics, transport, [
    { name: "reader", topics: { subscribes: [topicOf(busy), topicOf(quiet)], sends: [] } },
    { name: "silent", topics: { subscribes: [], sends: [topicOf(busy)] } },
  ]);
  const lag = (topic: string, records: number) => `messaging_consumer_lag{module="reader",topic="${topic}"} ${records}`;
  const told = (what: string, onBusy: number) =>
    until(what, async () => (await samples()).join() === [lag(busy, onBusy), lag(quiet, 0)].join(), SOON_MS);
  await told("nothing lies there", 0);
  for (const sequence of [1, 2, 3]) {
    await transport.publish(envelope(busy, "k", sequence));
    await transport.publish(envelope(quiet, "k", sequence));
  }
  await until("all have come", () => given.length === 6, SOON_MS);
  await told("those of one topic are settled", 3);
  held.resolve();
  await told("all are settled", 0);
});
