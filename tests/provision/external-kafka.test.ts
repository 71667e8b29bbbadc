import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { hasEnded } from "../../runtime/ended-process.fixture.ts";
import { until } from "../../runtime/until.fixture.ts";
import { startExternalKafka } from "./external-kafka.ts";
import { KAFKA_PREVIOUS_VERSION, provisionKafka } from "./kafka.ts";
import { createTopic, receive, send } from "./kafka-client.fixture.ts";
import { startKafkaCluster } from "./kafka-cluster.ts";
import { provideOrSkip } from "./missing.ts";
import { startOwner } from "./owner.fixture.ts";

const program = await provideOrSkip("tests/provision/external-kafka", provisionKafka);
const previous = await provideOrSkip("tests/provision/external-kafka, the version before", () =>
  provisionKafka(KAFKA_PREVIOUS_VERSION),
);

const TIMEOUT_MS = 60_000;

test.skipIf(program === undefined)(
  "messages outlive a killed broker, which comes back on its port; nothing is left after stop",
  async () => {
    const kafka = await startExternalKafka();
    const [node] = kafka.nodes;
    try {
      if (node === undefined) throw new Error("no broker");
      expect(kafka.brokers).toEqual([node.broker]);
      await createTopic(kafka.brokers, "orders");
      await send(kafka.brokers, "orders", ["first", "second"]);
      const { pid } = node;
      await node.kill();
      expect(hasEnded(pid)).toBe(true);
      await node.start();
      expect(node.pid).not.toBe(pid);
      await send(kafka.brokers, "orders", ["third"]);
      await node.stop();
      expect(hasEnded(node.pid)).toBe(true);
      await node.start();
      expect(await receive(kafka.brokers, "orders", 3)).toEqual(["first", "second", "third"]);
    } finally {
      await kafka.stop();
      await kafka.stop();
    }
    expect(hasEnded(node.pid)).toBe(true);
    expect(existsSync(kafka.directory)).toBe(false);
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a frozen broker answers nobody until it thaws",
  async () => {
    const kafka = await startExternalKafka();
    const [node] = kafka.nodes;
    try {
      await createTopic(kafka.brokers, "orders");
      node?.freeze();
      let answered = false;
      const sent = send(kafka.brokers, "orders", ["first"]).then(() => {
        answered = true;
      });
      await Bun.sleep(500);
      expect(answered).toBe(false);
      node?.thaw();
      await sent;
      expect(await receive(kafka.brokers, "orders", 1)).toEqual(["first"]);
    } finally {
      await kafka.stop();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "of three brokers one may be killed",
  async () => {
    const kafka = await startExternalKafka({ brokers: 3 });
    try {
      await createTopic(kafka.brokers, "orders", 3);
      await send(kafka.brokers, "orders", ["first"]);
      await kafka.nodes[0]?.kill();
      await send(kafka.brokers, "orders", ["second"]);
      expect(await receive(kafka.brokers, "orders", 2)).toEqual(["first", "second"]);
    } finally {
      await kafka.stop();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(previous === undefined)(
  "the version before serves the same client",
  async () => {
    const kafka = await startExternalKafka({ version: KAFKA_PREVIOUS_VERSION });
    try {
      await createTopic(kafka.brokers, "orders");
      await send(kafka.brokers, "orders", ["first", "second"]);
      expect(await receive(kafka.brokers, "orders", 2)).toEqual(["first", "second"]);
    } finally {
      await kafka.stop();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a port that somebody else took meanwhile is answered by other ports",
  async () => {
    if (program === undefined) return;
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const given: (readonly number[])[] = [];
    const ports = async (count: number) => {
      const [first = 0, ...others] = await freeServerPorts(count);
      given.push([given.length === 0 ? port : first, ...others]);
      return given.at(-1) ?? [];
    };
    try {
      const cluster = await startKafkaCluster(program, { ports });
      try {
        expect(given).toHaveLength(2);
        expect(cluster.nodes[0]?.broker).toBe(`127.0.0.1:${given[1]?.[0]}`);
      } finally {
        await cluster.stop();
      }
    } finally {
      taken.close();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a broker that does not start says why",
  async () => {
    const start = startExternalKafka({ settings: { "log.retention.ms": "a week" } });
    await expect(start).rejects.toThrow(/Kafka could not format its storage:.*log\.retention\.ms/s);
    const late = startExternalKafka({ settings: { "metric.reporters": "no.such.Reporter" } });
    await expect(late).rejects.toThrow(/Kafka did not start:.*no\.such\.Reporter/s);
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "kill -9 of the process that started them ends the brokers, a frozen one too, and removes their data",
  async () => {
    const { owner, started: kafka } = await startOwner<{ pid: number; directory: string }>(`
      const { startExternalKafka } = await import(${JSON.stringify(join(import.meta.dir, "external-kafka.ts"))});
      const { nodes, directory } = await startExternalKafka();
      nodes[0].freeze();
      return { pid: nodes[0].pid, directory };`);
    expect(hasEnded(kafka.pid)).toBe(false);
    owner.kill("SIGKILL");
    await owner.exited;
    await until("broker and data are gone", () => hasEnded(kafka.pid) && !existsSync(kafka.directory), 20_000);
  },
  TIMEOUT_MS,
);
