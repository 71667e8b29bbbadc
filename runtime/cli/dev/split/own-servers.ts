/**
 * Kafka and Redis of `dev --split`, each downloaded once, started for this process, ended with it however it ends. What
 * starts them is a part of the checkout's tests, which an executable does not have: `dev` refuses to need them there.
 *
 * Kafka's data is kept: what it has acknowledged stands in no outbox any more. Redis keeps nothing.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../../build-info.ts";
import { holdDataDirectory } from "../../../database/embedded/data-directory.ts";
import { messageOf } from "../../../error-text.ts";
import { StartError } from "../../../start-error.ts";
import { forgetUnderWay, underWayIn } from "./under-way.ts";

export interface OwnServer {
  /** Of its latest start. */
  readonly pid: number;
  /** Starts it again where it was; does nothing while it runs. */
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

interface OwnKafka extends OwnServer {
  /** `host:port`. */
  readonly broker: string;
  readonly logFile: string;
}

/** Enough for a laptop's load: the broker itself needs some 40 MB. */
const SMALL_HEAP = ["-Xms32m", "-Xmx128m"];
/** What it has acknowledged is on the disk: no other broker has what a cut of the power would lose. */
const DURABLE = { "log.flush.interval.messages": "1" };

/** The folder that Kafka keeps its messages in. */
export const messagesIn = (dataDir: string): string => join(dataDir, "kafka");

/** A broker on the messages in the data directory, which must be ours. */
export async function startOwnKafka(dataDir: string): Promise<OwnKafka> {
  const { provisionKafka } = await import("../../../../tests/provision/kafka.ts");
  const { startKafkaCluster } = await import("../../../../tests/provision/kafka-cluster.ts");
  return orAdvice("KAFKA_BROKERS to brokers that run", async () => {
    const options = { directory: messagesIn(dataDir), javaOptions: SMALL_HEAP, settings: DURABLE };
    const { nodes, stop } = await startKafkaCluster(await provisionKafka(), options);
    const [node] = nodes;
    if (node === undefined) throw new Error("the cluster has no broker");
    const { broker, logFile, start } = node;
    return {
      broker,
      logFile,
      get pid() {
        return node.pid;
      },
      start,
      stop,
    };
  });
}

export async function startOwnRedis(): Promise<OwnServer & { readonly url: string }> {
  const { startExternalRedis } = await import("../../../../tests/provision/external-redis.ts");
  return orAdvice("REDIS_URL to one that runs", startExternalRedis);
}

/** Removes the messages in the data directory, and the note of them. Throws a `StartError` when a process uses it. */
export async function removeMessages(dataDir: string): Promise<void> {
  const folder = messagesIn(dataDir);
  if (!existsSync(folder) && underWayIn(dataDir) === null) return;
  const release = holdDataDirectory(dataDir);
  try {
    if (existsSync(folder)) {
      if (build !== null)
        throw new StartError(`${folder} is of a broker that a checkout of the source has started: reset it there`);
      const { removeKept } = await import("../../../../tests/provision/kafka-cluster.ts");
      await removeKept(folder);
    }
    forgetUnderWay(dataDir);
  } finally {
    release();
  }
}

/** Ends downloads under way, and none begins any more: what waits for them fails. */
export async function endDownloads(): Promise<void> {
  const provision = await import("../../../../tests/provision/ending.ts").catch(() => null);
  provision?.endProvisioning();
}

async function orAdvice<T>(variable: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    const isMissing = cause instanceof Error && cause.name === "MissingTool";
    if (!isMissing) throw cause;
    const [reason] = messageOf(cause).split("\n");
    throw new StartError(`${reason}; or set ${variable}`, { cause });
  }
}
