/**
 * KRaft brokers on loopback with a temporary directory of their own, each of which can be killed, frozen and started
 * again on its data and its port.
 *
 * A cluster starts whole or not at all. When another process takes one of its ports meanwhile, it is made anew on other
 * ports. It ends with `stop()`, and when this process ends in any other way, kill -9 included, a guard ends it.
 */
import type { ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../runtime/error-text.ts";
import { startGuard } from "./guard.ts";
import {
  becameReady,
  formatStorage,
  isRunning,
  KAFKA_GUARD_SCRIPT,
  type KafkaProgram,
  killProcess,
  launchBroker,
  SETTINGS_FILE,
  stopProcess,
} from "./kafka-process.ts";
import { makeSecurity, type SecuredAccess } from "./kafka-security.ts";
import { brokerSettings, type NodeAddress, propertiesText } from "./kafka-settings.ts";
import { freeServerPorts } from "./server-port.ts";

export interface KafkaNode {
  readonly id: number;
  /** `host:port` of its plain listener. */
  readonly broker: string;
  /** `host:port` of its listener with TLS and SASL, where it has one. */
  readonly securedBroker?: string;
  /** Of its latest start. */
  readonly pid: number;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Stops it from running, with its connections open (SIGSTOP). */
  freeze(): void;
  thaw(): void;
  /** Ends it in order (SIGTERM). */
  stop(): Promise<void>;
  /** Starts it again on its data and its port; resolves when it serves. Does nothing while it runs. */
  start(): Promise<void>;
}

export interface KafkaCluster {
  readonly nodes: readonly KafkaNode[];
  /** Holds each broker's settings, log and data. */
  readonly directory: string;
  /** How to get in by the secured listeners, where there are any. */
  readonly access?: SecuredAccess;
  /** Ends every broker and removes the data. May be called twice. */
  stop(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** How many brokers; 1 unless said otherwise. */
  readonly brokers?: number;
  /** Broker settings, over those that tests need. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether each broker has a listener with TLS and SASL beside the plain one. */
  readonly secured?: boolean;
  readonly javaOptions?: readonly string[];
  /** Where ports come from: different ones that look free. */
  readonly ports?: (count: number) => Promise<readonly number[]>;
}

const PORT_TRIES = 5;

/** Formats and starts the brokers; resolves when all of them serve. */
export async function startKafkaCluster(
  program: KafkaProgram,
  options: KafkaClusterOptions = {},
): Promise<KafkaCluster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(program, options);
    } catch (error) {
      if (attempt === PORT_TRIES || !messageOf(error).includes("Address already in use")) throw error;
    }
  }
}

async function startOnce(program: KafkaProgram, options: KafkaClusterOptions): Promise<KafkaCluster> {
  const addresses = await chooseAddresses(options);
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-kafka-"));
  const guard = startGuard(KAFKA_GUARD_SCRIPT, directory);
  const nodes: KafkaNode[] = [];
  const end = async () => {
    // Nobody needs the data any more: no broker is asked to leave in order.
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(directory, { recursive: true, force: true });
    await guard.release();
  };
  try {
    const security = options.secured === true ? await makeSecurity(program.java, directory) : undefined;
    const settings = { ...security?.settings, ...options.settings };
    await formatAll(program, addresses, directory, settings, security?.formatOptions ?? []);
    const javaOptions = [...(security?.javaOptions ?? []), ...(options.javaOptions ?? [])];
    for (const address of addresses) nodes.push(makeNode(program, address, homeOf(address, directory), javaOptions));
    await Promise.all(nodes.map((node) => node.start()));
    let stopping: Promise<void> | undefined;
    return {
      nodes,
      directory,
      ...(security === undefined ? {} : { access: security.access }),
      stop: () => {
        stopping ??= end();
        return stopping;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function chooseAddresses(options: KafkaClusterOptions): Promise<readonly NodeAddress[]> {
  const ids = Array.from({ length: options.brokers ?? 1 }, (_, index) => index + 1);
  const ports = [...(await (options.ports ?? freeServerPorts)(3 * ids.length))];
  return ids.map((id) => {
    const [port, controllerPort, securedPort] = ports.splice(0, 3);
    if (port === undefined || controllerPort === undefined || securedPort === undefined)
      throw new Error("too few ports for the brokers");
    return options.secured === true ? { id, port, controllerPort, securedPort } : { id, port, controllerPort };
  });
}

async function formatAll(
  program: KafkaProgram,
  addresses: readonly NodeAddress[],
  directory: string,
  settings: Readonly<Record<string, string>>,
  formatOptions: readonly string[],
): Promise<void> {
  const clusterId = newClusterId();
  const formatted = addresses.map(async (address) => {
    const home = homeOf(address, directory);
    await mkdir(home);
    const text = propertiesText(brokerSettings(address, addresses, join(home, "data"), settings));
    await writeFile(join(home, SETTINGS_FILE), text, { mode: 0o600 });
    await formatStorage(program, home, clusterId, formatOptions);
  });
  // All of them end before the first failure is told, for its handling removes the directory.
  for (const result of await Promise.allSettled(formatted)) if (result.status === "rejected") throw result.reason;
}

/** Sixteen random bytes, the first of which cannot look like the dash of an option. */
function newClusterId(): string {
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  return `A${random.slice(1)}`;
}

/** The place of a broker's settings, log and data. */
const homeOf = (address: NodeAddress, directory: string) => join(directory, String(address.id));

function makeNode(
  program: KafkaProgram,
  address: NodeAddress,
  home: string,
  javaOptions: readonly string[],
): KafkaNode {
  let broker: ChildProcess | undefined;
  const { id, port, securedPort } = address;
  return {
    id,
    broker: `127.0.0.1:${port}`,
    ...(securedPort === undefined ? {} : { securedBroker: `127.0.0.1:${securedPort}` }),
    get pid() {
      if (broker?.pid === undefined) throw new Error(`broker ${id} was never started`);
      return broker.pid;
    },
    async kill() {
      if (broker !== undefined) await killProcess(broker);
    },
    freeze() {
      broker?.kill("SIGSTOP");
    },
    thaw() {
      broker?.kill("SIGCONT");
    },
    async stop() {
      if (broker !== undefined) await stopProcess(broker);
    },
    async start() {
      if (broker !== undefined && isRunning(broker)) return;
      broker = launchBroker(program, home, javaOptions);
      await becameReady(broker, home);
    },
  };
}
