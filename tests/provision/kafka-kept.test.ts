/** A broker whose data is kept goes on with it, however its earlier life ended. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasEnded } from "../../runtime/ended-process.fixture.ts";
import { until } from "../../runtime/until.fixture.ts";
import { provisionKafka } from "./kafka.ts";
import { createTopic, receive, send } from "./kafka-client.fixture.ts";
import { type KafkaCluster, removeKept, startKafkaCluster } from "./kafka-cluster.ts";
import { provideOrSkip } from "./missing.ts";
import { startOwner } from "./owner.fixture.ts";

const program = await provideOrSkip("tests/provision/kafka-kept", provisionKafka);
const TIMEOUT_MS = 60_000;

let parent: string;
let directory: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "genai-demo-kept-"));
  // As a person may name it.
  directory = join(parent, "資料, 1", "kafka");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function start(): Promise<KafkaCluster> {
  if (program === undefined) throw new Error("no Kafka");
  return startKafkaCluster(program, { directory });
}

const brokersOf = ({ nodes }: KafkaCluster) => nodes.map(({ broker }) => broker);
const identity = () => readFileSync(join(directory, "1", "data", "meta.properties"), "utf8");

test.skipIf(program === undefined)(
  "messages outlive a stop; a formatting that was cut short is done anew",
  async () => {
    const half = join(directory, "1", "data", "__cluster_metadata-0");
    await Bun.write(join(half, "bootstrap.checkpoint"), "half of it");
    const first = await start();
    await createTopic(brokersOf(first), "orders");
    await send(brokersOf(first), "orders", ["first"]);
    const formatted = identity();
    await first.stop();
    await first.stop();
    expect(hasEnded(first.nodes[0]?.pid ?? 0)).toBe(true);

    const second = await start();
    try {
      expect(brokersOf(second)).not.toEqual(brokersOf(first));
      expect(identity()).toBe(formatted);
      expect(await receive(brokersOf(second), "orders", 1)).toEqual(["first"]);
    } finally {
      await second.stop();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "kill -9 of its owner: the broker ends, and the next start, which may come before that, has the messages",
  async () => {
    const [cluster, client, kafka] = ["kafka-cluster.ts", "kafka-client.fixture.ts", "kafka.ts"].map((file) =>
      JSON.stringify(join(import.meta.dir, file)),
    );
    const { owner, started: pid } = await startOwner<number>(`
      const { startKafkaCluster } = await import(${cluster});
      const { createTopic, send } = await import(${client});
      const { provisionKafka } = await import(${kafka});
      const { nodes } = await startKafkaCluster(await provisionKafka(), { directory: ${JSON.stringify(directory)} });
      await createTopic([nodes[0].broker], "orders");
      await send([nodes[0].broker], "orders", ["first"]);
      nodes[0].freeze();
      return nodes[0].pid;`);
    expect(hasEnded(pid)).toBe(false);
    owner.kill("SIGKILL");
    const second = await start();
    try {
      expect(hasEnded(pid)).toBe(true);
      expect(await receive(brokersOf(second), "orders", 1)).toEqual(["first"]);
    } finally {
      await second.stop();
    }
  },
  TIMEOUT_MS,
);

test("a number that is another program's by now is left alone", async () => {
  const other = Bun.spawn(["sleep", "60"]);
  try {
    await Bun.write(join(directory, "1", "pid"), `${other.pid}\n`);
    await writeFile(join(directory, "1", "server.properties"), "");
    await removeKept(directory);
    expect(existsSync(directory)).toBe(false);
    expect(hasEnded(other.pid)).toBe(false);
  } finally {
    other.kill("SIGKILL");
    await until("it has ended", () => hasEnded(other.pid));
  }
});
