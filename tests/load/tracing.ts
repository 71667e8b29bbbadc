/**
 * `bench tracing`: what it costs to be seen. Three processes of the platform take turns on one database and one server:
 * one traces nothing, one every twentieth request, one all of them; each figure is a ratio of orders a second inside a
 * round. Then the collector is frozen under load: no request may fail by it, and memory must stay bounded.
 */
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { atLeast, atMost, stated } from "../../runtime/cli/figures.ts";
import { freePort, startExternalPostgres } from "../provision/external-postgres.ts";
import { type Benchmark, type BenchmarkOptions, inBenchDirectory } from "./benchmark.ts";
import { seedCatalogue } from "./catalogue.ts";
import { median } from "./latency.ts";
import { type LoadWindow, loadWindow } from "./load-window.ts";
import { migratePlatform, type Platform, startPlatform } from "./platform.ts";
import { type ServingProcess, startServing } from "./process.ts";
import { residentMb } from "./resident.ts";
import { SERVER_SETTINGS, serverSettingsText } from "./server-settings.ts";
import { customerTokens } from "./tokens.ts";

const PRODUCTS = 10_000;
const CUSTOMERS = 1_000;
const WARM_UP_MS = 4_000;
const FROZEN_MS = 60_000;
/** Far below what it can do, so that a refusal would be the collector's doing. */
const FROZEN_RATE_PER_SECOND = 200;

/** By the name that the figures go by; undefined: nothing is traced. */
const SHARES: Readonly<Record<string, string | undefined>> = { off: undefined, at5Percent: "0.05", at100Percent: "1" };

interface Bench {
  readonly options: BenchmarkOptions;
  readonly sql: Sql;
  readonly skus: readonly string[];
  readonly databasePid: number;
  readonly start: (share: string | undefined) => Promise<Platform>;
}

/** Runs the whole benchmark; everything it started has ended when it resolves or rejects. */
export async function benchTracing(options: BenchmarkOptions): Promise<Benchmark> {
  return inBenchDirectory(async (directory) => {
    const server = await startExternalPostgres({ alwaysOwn: true, settings: SERVER_SETTINGS });
    const sql = postgres(server.url, { max: 1, onnotice: () => undefined });
    const collectorPort = await freePort();
    const endpoint = `http://127.0.0.1:${collectorPort}`;
    let collector: ServingProcess | undefined;
    try {
      const { pid: databasePid } = server;
      if (databasePid === undefined) throw new Error("the benchmark needs a server of its own");
      collector = await startServing({
        argv: [process.execPath, join(import.meta.dir, "stand-in-collector.ts"), String(collectorPort)],
        cwd: directory,
        env: process.env,
        logFile: join(directory, "collector.log"),
        readyUrl: endpoint,
        readyTimeoutMs: 10_000,
      });
      await migratePlatform(server.url);
      const skus = await seedCatalogue(server.url, PRODUCTS);
      const start = (share: string | undefined) =>
        startPlatform({ databaseUrl: server.url, directory, settings: traced(endpoint, share) });
      const bench: Bench = { options, sql, skus, databasePid, start };
      const turns = await takeTurns(bench);
      const frozen = await freeze(bench, collector);
      const taken: unknown = await (await fetch(endpoint)).json();
      return {
        figures: [...turns.figures, ...frozen.figures],
        notes: [...turns.notes, `the collector took ${JSON.stringify(taken)} bytes`, ...frozen.notes],
      };
    } finally {
      await collector?.stop();
      await sql.end({ timeout: 5 });
      await server.stop();
    }
  });
}

/** The metrics go to the collector in every turn: the figures are of traces alone. */
const traced = (endpoint: string, share: string | undefined) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_TRACES_EXPORTER: share === undefined ? "none" : "otlp",
  OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
  OTEL_TRACES_SAMPLER_ARG: share ?? "0",
});

async function takeTurns(bench: Bench) {
  const { options } = bench;
  const rounds: Readonly<Record<string, LoadWindow>>[] = [];
  for (let n = 1; n <= options.rounds; n++) {
    const round: Record<string, LoadWindow> = {};
    // Whoever comes later finds fuller tables: each round begins with another one.
    const order = Object.keys(SHARES).map((_, index, names) => names[(index + n) % names.length] ?? "");
    for (const name of order) round[name] = await oneTurn(bench, name);
    rounds.push(round);
  }
  const perSecond = (round: Readonly<Record<string, LoadWindow>>, name: string) =>
    round[name]?.completedPerSecond ?? Number.NaN;
  const ratios = (name: string) => rounds.map((round) => perSecond(round, name) / perSecond(round, "off"));
  const cpuMs = (name: string) =>
    median(rounds.map((round) => (round[name]?.appCpuMs ?? Number.NaN) + (round[name]?.databaseCpuMs ?? Number.NaN)));
  const shown = (name: string) =>
    ratios(name)
      .map((ratio) => ratio.toFixed(3))
      .join(", ");
  return {
    figures: [
      atLeast("tracing.at5Percent", median(ratios("at5Percent")), "x", 0.95),
      stated("tracing.at100Percent", median(ratios("at100Percent")), "x"),
      ...Object.keys(SHARES).map((name) => stated(`tracing.cpuMs.${name}`, cpuMs(name), "ms/order")),
    ],
    notes: [
      `${options.rounds} rounds of ${options.seconds} s each, in turns; 5 %: ${shown("at5Percent")}; 100 %: ${shown("at100Percent")}`,
      serverSettingsText,
    ],
  };
}

async function oneTurn({ options, sql, skus, databasePid, start }: Bench, name: string): Promise<LoadWindow> {
  const platform = await start(SHARES[name]);
  try {
    const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
    const target = { port: platform.port, tokens, sql, app: { platform: platform.pid }, databasePid };
    await loadWindow(target, { durationMs: WARM_UP_MS, connections: options.connections, skus });
    const window = await loadWindow(target, {
      durationMs: options.seconds * 1000,
      connections: options.connections,
      skus,
    });
    options.progress(
      `traces ${name}: ${window.completedPerSecond.toFixed(0)} orders/s, CPU ms/order app ${window.appCpuMs.toFixed(3)} + database ${window.databaseCpuMs.toFixed(3)}`,
    );
    return window;
  } finally {
    await platform.stop();
  }
}

/** All requests traced, a steady load, and a collector that takes connections and answers nothing. */
async function freeze({ options, sql, skus, databasePid, start }: Bench, collector: ServingProcess) {
  const durationMs = Math.min(FROZEN_MS, options.seconds * 4_000);
  const platform = await start("1");
  try {
    const tokens = await customerTokens(platform.dataDir, CUSTOMERS);
    const target = { port: platform.port, tokens, sql, app: { platform: platform.pid }, databasePid };
    const plan = { connections: 512, skus, ratePerSecond: FROZEN_RATE_PER_SECOND };
    await loadWindow(target, { ...plan, durationMs: WARM_UP_MS });
    const beforeMb = residentMb(platform.pid, "VmRSS");
    process.kill(collector.pid, "SIGSTOP");
    let window: LoadWindow;
    try {
      window = await loadWindow(target, { ...plan, durationMs });
    } finally {
      process.kill(collector.pid, "SIGCONT");
    }
    const afterMb = residentMb(platform.pid, "VmRSS");
    const { sent, confirmed } = window.load;
    options.progress(
      `collector frozen for ${durationMs / 1000} s: ${sent - confirmed} of ${sent} requests failed; ${beforeMb.toFixed(0)} → ${afterMb.toFixed(0)} MB`,
    );
    return {
      figures: [
        atMost("tracing.failedWhileFrozen", sent - confirmed, "requests", 0),
        stated("tracing.grownWhileFrozenMb", afterMb - beforeMb, "MB"),
      ],
      notes: [
        `the collector was frozen (SIGSTOP) for ${durationMs / 1000} s at ${FROZEN_RATE_PER_SECOND} orders/s, all of them traced`,
      ],
    };
  } finally {
    await platform.stop();
  }
}
