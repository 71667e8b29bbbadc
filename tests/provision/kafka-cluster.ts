/**
 * KRaft brokers on loopback, each of which can be killed, frozen and started again on its data and its port. Their data
 * is temporary, or in a directory that is kept: then it is formatted once, and later starts go on with what it holds,
 * on other ports, after kill -9 of everything as well. A broker may lose what it has acknowledged only with the machine.
 *
 * A cluster starts whole or not at all. When another process takes one of its ports meanwhile, it is made anew on other
 * ports. It ends with `stop()`, and when this process ends in any other way, kill -9 included, a guard ends it.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { freeze } from "./freeze.ts";
import { startGuard } from "./guard.ts";
import {
  becameReady,
  endLeftover,
  formatStorage,
  GUARD_OF_KEPT_DATA,
  GUARD_OF_TEMPORARY_DATA,
  isRunning,
  type KafkaProgram,
  killProcess,
  LOG_FILE,
  launchBroker,
  SETTINGS_FILE,
  stopProcess,
} from "./kafka-process.ts";
import { makeSecurity, type SecuredAccess } from "./kafka-security.ts";
import { brokerSettings, type NodeAddress, propertiesText } from "./kafka-settings.ts";

export interface KafkaNode {
  readonly id: number;
  /** `host:port` of its plain listener. */
  readonly broker: string;
  /** `host:port` of its listener with TLS and SASL, where it has one. */
  readonly securedBroker?: string;
  /** Of its latest start, as is its log. */
  readonly pid: number;
  readonly logFile: string;
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
  /** Ends every broker, in order where its data is kept; removes data that is not. May be called twice. */
  stop(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** Where the data is kept; a temporary directory unless it is given. Its owner sees to it that nobody else uses it. */
  readonly directory?: string;
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

/** Formats the brokers where that was not done, and starts them; resolves when all of them serve. */
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

/** Removes data that was kept. Its owner sees to it that nobody uses it. */
export async function removeKept(directory: string): Promise<void> {
  await endLeftovers(directory);
  await rm(directory, { recursive: true, force: true });
}

async function endLeftovers(directory: string): Promise<void> {
  const homes = existsSync(directory) ? readdirSync(directory) : [];
  await Promise.all(homes.map((home) => endLeftover(join(directory, home))));
}

async function startOnce(program: KafkaProgram, options: KafkaClusterOptions): Promise<KafkaCluster> {
  const addresses = await chooseAddresses(options);
  const isKept = options.directory !== undefined;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "genai-demo-kafka-")));
  if (isKept) await endLeftovers(directory);
  const guard = startGuard(isKept ? GUARD_OF_KEPT_DATA : GUARD_OF_TEMPORARY_DATA, directory);
  const nodes: KafkaNode[] = [];
  const end = async () => {
    // Where nobody needs the data any more, no broker is asked to leave in order.
    await Promise.all(nodes.map((node) => (isKept ? node.stop() : node.kill())));
    if (!isKept) await rm(directory, { recursive: true, force: true });
    await guard.release();
  };
  try {
    const security = options.secured === true ? await makeSecurity(program.java, directory) : undefined;
    const settings = { ...security?.settings, ...options.settings };
    await prepareAll(program, addresses, directory, settings, security?.formatOptions ?? []);
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

/** Writes the settings of each broker, and formats its storage where that was not done. */
async function prepareAll(
  program: KafkaProgram,
  addresses: readonly NodeAddress[],
  directory: string,
  settings: Readonly<Record<string, string>>,
  formatOptions: readonly string[],
): Promise<void> {
  const clusterId = newClusterId();
  // No broker has run before all of them are formatted, so there is nothing to lose while one is not.
  const isFormatted = addresses.every((address) => existsSync(join(dataOf(address, directory), LAST_FILE_OF_FORMAT)));
  const formatted = addresses.map(async (address) => {
    const home = homeOf(address, directory);
    await mkdir(home, { recursive: true, mode: 0o700 });
    // From its working directory: a list of paths, in the encoding that Java reads it in, cannot hold every name.
    const text = propertiesText(brokerSettings(address, addresses, DATA, settings));
    await writeFile(join(home, SETTINGS_FILE), text, { mode: 0o600 });
    if (isFormatted) return;
    await rm(dataOf(address, directory), { recursive: true, force: true });
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
const DATA = "data";
const dataOf = (address: NodeAddress, directory: string) => join(homeOf(address, directory), DATA);

/** Where it is there, formatting has come to its end. */
const LAST_FILE_OF_FORMAT = "meta.properties";

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
    logFile: join(home, LOG_FILE),
    get pid() {
      if (broker?.pid === undefined) throw new Error(`broker ${id} was never started`);
      return broker.pid;
    },
    async kill() {
      if (broker !== undefined) await killProcess(broker);
    },
    freeze() {
      if (broker?.pid !== undefined && isRunning(broker)) freeze(broker.pid);
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
