import { expect, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { watchSettled } from "../../runtime/transport/kafka/settled.ts";
import { until } from "../../runtime/until.fixture.ts";
import { startExternalKafka } from "../provision/external-kafka.ts";
import { send } from "../provision/kafka-client.fixture.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { benchClient, measureHandle } from "./broker-latency.ts";
import { makeTopics } from "./platform.ts";
import { measureKafkaTransport } from "./transport-latency.ts";

const TIMEOUT_MS = 60_000;

test(
  "one message is measured; topics are settled until something is published that nobody has handled",
  async () => {
    const kafka = await provideOrSkip("tests/load on Kafka", () => startExternalKafka());
    if (!kafka) return;
    try {
      const bare = await measureHandle(kafka.brokers, 1_000);
      expect(bare.p50Ms).toBeGreaterThan(0);
      expect(bare.p50Ms).toBeLessThan(1_000);
      const transport = await measureKafkaTransport(kafka.brokers, 1_000);
      expect(transport.count).toBeGreaterThan(10);
      expect(transport.p50Ms).toBeGreaterThan(0);
      await expect(measureHandle(kafka.brokers, 0)).rejects.toThrow("only 0 messages in 0 ms");
      await makeTopics(kafka.brokers.join(","));
      const settled = watchSettled(registry, benchClient(kafka.brokers));
      await until("topics are settled", settled.isSettled, 30_000);
      await send(kafka.brokers, "genai-demo.order.events.v1", ["nobody has handled it"]);
      expect(await settled.isSettled()).toBe(false);
      await settled.close();
    } finally {
      await kafka.stop();
    }
  },
  TIMEOUT_MS,
);
