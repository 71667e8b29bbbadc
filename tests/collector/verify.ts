/**
 * Sends what a split platform tells of itself through a real collector that runs our configuration, but for the parts of
 * it that only AWS has. Every check is one line; what fails says why.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checklist } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { basket } from "../journeys/client.ts";
import { startOn } from "../journeys/platform.ts";
import { splitShape } from "../journeys/split-shape.ts";
import { SIX } from "../journeys/topology.ts";
import { COLLECTOR_VERSION, isCollectorBuilt, provisionCollector } from "../provision/otel-collector.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";
import { lintCollector } from "./collector-lint.ts";
import { type RunningCollector, startCollector, validate } from "./collector-process.ts";
import { parseConfiguration } from "./core-configuration.ts";
import { type Counted, countedIn, countFaults, isDrained } from "./counted.ts";
import { lintFluentBit } from "./fluent-bit-lint.ts";
import { readPrinted } from "./printed.ts";
import { absentFaults, metricFaults, sumFaults } from "./printed-faults.ts";

export interface Exported {
  /** Of the collector. */
  readonly counted: Counted;
  readonly orders: number;
}

const ROOT = join(import.meta.dir, "..", "..");
export const COLLECTOR_FILE = "k8s/adot-collector/collector.yaml";
export const FLUENT_BIT_FILE = "k8s/fluent-bit/fluent-bit.yaml";
const ORDERS = 5;
const DRAIN_TIMEOUT_MS = 30_000;
const REFUSAL_TIMEOUT_MS = 5_000;

/** Short intervals, so that points come several times while the orders last. */
const EXPORT_SETTINGS = {
  OTEL_TRACES_SAMPLER: "always_on",
  OTEL_METRIC_EXPORT_INTERVAL: "1000",
  OTEL_BSP_SCHEDULE_DELAY: "500",
};

/**
 * Runs every check; what could not be run at all is a failure. With `ifBuilt`, where the collector would have to be built
 * first, lints alone and says what is left out. Null where it did not run to its end.
 */
export async function verifyTelemetry(checklist: Checklist, ifBuilt: boolean): Promise<Exported | null> {
  const { check, progress } = checklist;
  const text = await readFile(join(ROOT, COLLECTOR_FILE), "utf8");
  const isRight = check(`${COLLECTOR_FILE} has no fault`, lintCollector(text));
  check(`${FLUENT_BIT_FILE} has no fault`, lintFluentBit(await readFile(join(ROOT, FLUENT_BIT_FILE), "utf8")));
  if (ifBuilt && !isCollectorBuilt()) {
    progress("left out, as the collector is not built on this machine yet (minutes, once): bun run verify telemetry");
  } else if (isRight) {
    try {
      return await verifyRunning(text, checklist);
    } catch (error) {
      check("the collector and the platform run", [messageOf(error)]);
    }
  }
  return null;
}

async function verifyRunning(text: string, { check, progress }: Checklist): Promise<Exported> {
  const document = parseConfiguration(text);
  const program = await provisionCollector();
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-collector-"));
  try {
    check(
      `the collector ${COLLECTOR_VERSION} takes the configuration, but for the AWS exporters`,
      await validate(program, document, directory),
    );
    const mistyped = { ...document, receivers: { otlp: { protocols: { http: { endpont: "127.0.0.1:4318" } } } } };
    const refusal = await validate(program, mistyped, directory);
    check("the same with a mistyped key it refuses", refusal.length > 0 ? [] : ["it took it: validate proves nothing"]);
    const collector = await startCollector(program, document, directory);
    try {
      const orders = await runPlatform(collector.endpoint, progress);
      const counted = await drained(collector);
      check("it accepted spans and metric points of the platform, refused none and lost none", countFaults(counted));
      check("what is no OTLP it refuses", await garbageFaults(collector.endpoint));
      const { code, printed, log } = await collector.stop();
      check("it ends in order", code === 0 ? [] : [`exit code ${code}`, log.slice(-2_000)]);
      const received = readPrinted(printed);
      check("spans and metrics came of each of the six services", absentFaults(received, SIX.flat()));
      check("of each metric CloudWatch can take what came", metricFaults(received, document));
      check(`orders.created adds up to the ${orders} orders placed`, sumFaults(received, "orders.created", orders));
      return { counted, orders };
    } finally {
      await collector.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Six processes, which send to `endpoint`, from their start to their end; how many orders they confirmed. */
async function runPlatform(endpoint: string, progress: (line: string) => void): Promise<number> {
  const servers = openTopologyServers();
  try {
    const { DATABASE_URL, KAFKA_BROKERS, REDIS_URL } = await servers.settingsFor(["postgres", "redis", "kafka"]);
    if (!DATABASE_URL || !KAFKA_BROKERS || !REDIS_URL) throw new Error("a server of the split platform is missing");
    const given = { databaseUrl: DATABASE_URL, kafkaBrokers: KAFKA_BROKERS, redisUrl: REDIS_URL };
    const settings = { ...EXPORT_SETTINGS, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
    const platform = await startOn(await splitShape(given, { groups: SIX, replicas: 1 }, settings));
    try {
      progress(`six processes send to ${endpoint}`);
      const alice = await platform.customer("alice");
      for (let placed = 0; placed < ORDERS; placed++) {
        const order = await alice.place(basket({ email: "alice@example.com" }), { wait: 10 });
        await alice.until(order.id, "FULFILLING");
      }
      progress(`${ORDERS} orders confirmed and under way`);
      return ORDERS;
    } finally {
      await platform.stop();
    }
  } finally {
    await servers.stop();
  }
}

/** The counts once everything that was accepted has left, or the last ones when it does not. */
async function drained(collector: RunningCollector): Promise<Counted> {
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  for (;;) {
    const counted = countedIn(await collector.readMetrics());
    if (isDrained(counted) || Date.now() > deadline) return counted;
    await Bun.sleep(200);
  }
}

async function garbageFaults(endpoint: string): Promise<readonly string[]> {
  const { status } = await fetch(`${endpoint}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"resourceSpans": "none"}',
    signal: AbortSignal.timeout(REFUSAL_TIMEOUT_MS),
  });
  return status === 400 ? [] : [`it answered ${status}, not 400: what it accepts says nothing`];
}
