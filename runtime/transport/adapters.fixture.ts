/** The transport's two adapters as the conformance suite opens them: one bus, on which each replica has its own end. */
import type { ExternalKafka } from "../../tests/provision/external-kafka.ts";
import { sharedKafka } from "../../tests/provision/shared-kafka.ts";
import type { Log } from "../log.ts";
import { topicOf } from "../messages/contract.ts";
import { foreignEvents, tallyCommands, tallyEvents } from "../messages/tally.fixture.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { createInProcessTransport } from "./inprocess.ts";
import { kafkaClients, SESSION_MS } from "./kafka/client.ts";
import { createTopics } from "./kafka/topics.ts";
import { createKafkaTransport } from "./kafka.ts";
import type { Transport } from "./port.ts";

/** Records that a consumer has in hand, at most. */
export const IN_HAND_LIMIT = 100;

export interface Adapter {
  readonly name: string;
  open(): Promise<void>;
  /** A replica's end of the bus. */
  transport(log: Log): Transport;
  /** A consumer that is silent for so long is given up by the others. */
  readonly silenceMs: number;
  /** After so long a replica would have been given what there is. */
  readonly joinMs: number;
  /** What carries the messages is away until the returned function is called; null where nothing can be away. */
  outage(): Promise<() => Promise<void>> | null;
}

const topics = [tallyCommands, tallyEvents, foreignEvents].map((types) => topicOf(types).name);

function inProcessAdapter(): Adapter {
  return {
    name: "in-process",
    open: async () => undefined,
    transport: () => createInProcessTransport(),
    silenceMs: 0,
    joinMs: 100,
    outage: () => null,
  };
}

function kafkaAdapter(): Adapter {
  let kafka: ExternalKafka | undefined;
  const opened = () => {
    if (!kafka) throw new Error("the broker is not started yet");
    return kafka;
  };
  const settings = () => ({
    brokers: opened().brokers,
    clientId: "conformance",
    prefix: "suite.",
    tls: null,
    sasl: null,
  });
  return {
    name: "Kafka",
    async open() {
      kafka = await sharedKafka();
      const admin = kafkaClients(settings()).admin();
      await admin.connect();
      await createTopics(
        admin,
        topics.map((topic) => `suite.${topic}`),
        { partitions: 4, replication: null },
      );
      await admin.disconnect();
    },
    transport: (log) =>
      createKafkaTransport({
        settings: settings(),
        sends: topics,
        scheduler: systemScheduler,
        random: systemRandom(),
        log,
        condition: () => undefined,
        inHandLimit: IN_HAND_LIMIT,
      }),
    silenceMs: SESSION_MS,
    joinMs: 3_000,
    outage: async () => {
      const [node] = opened().nodes;
      await node?.kill();
      return async () => {
        await node?.start();
      };
    },
  };
}

export const adapters = [inProcessAdapter(), kafkaAdapter()];
