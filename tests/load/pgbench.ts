/** Runs PostgreSQL's own client programs against a server by its URL. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostgresTools } from "../provision/postgres.ts";
import { median } from "./latency.ts";

const SLACK_MS = 60_000;

export interface ReferenceRun {
  readonly ordersPerSecond: number;
  readonly orders: number;
}

/** Makes the reference's schema with that many products, dropping what an earlier run left. */
export async function prepareReference(tools: PostgresTools, url: string, skus: number): Promise<void> {
  const schema = join(import.meta.dir, "reference-schema.sql");
  await run(tools, "psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", `skus=${skus}`, "-f", schema, url], SLACK_MS);
}

/** The yardstick: one plain order in nine transactions, 16 clients, prepared statements. */
export async function runReference(
  tools: PostgresTools,
  url: string,
  skus: number,
  seconds: number,
): Promise<ReferenceRun> {
  const script = join(import.meta.dir, "reference-order.sql");
  const flags = [
    "-n",
    "-M",
    "prepared",
    "-D",
    `skus=${skus}`,
    "-f",
    script,
    "-c",
    "16",
    "-j",
    "2",
    "-T",
    String(seconds),
  ];
  const output = await run(tools, "pgbench", [...flags, "-d", url], seconds * 1000 + SLACK_MS);
  const ordersPerSecond = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
  const orders = Number(/number of transactions actually processed: (\d+)/.exec(output)?.[1]);
  const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
  if (!(ordersPerSecond > 0) || failed > 0) throw new Error(`pgbench did not measure the reference:\n${output}`);
  return { ordersPerSecond, orders };
}

/** p50 in ms of one durable commit alone: one client, one prepared insert of one row, nothing else on the server. */
export async function measureCommitMs(tools: PostgresTools, url: string, seconds: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-commit-"));
  try {
    const table = "create table if not exists public.one_commit (id bigserial primary key, value int not null)";
    await run(tools, "psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", table, url], SLACK_MS);
    const script = join(directory, "one-commit.sql");
    await Bun.write(script, "insert into public.one_commit (value) values (1);\n");
    const log = `--log-prefix=${join(directory, "log")}`;
    const flags = ["-n", "-M", "prepared", "-f", script, "-c", "1", "-T", String(seconds), "--log", log];
    await run(tools, "pgbench", [...flags, "-d", url], seconds * 1000 + SLACK_MS);
    const logs = (await readdir(directory)).filter((name) => name.startsWith("log."));
    const lines = (await Promise.all(logs.map((name) => readFile(join(directory, name), "utf8"))))
      .join("\n")
      .split("\n");
    // The third column is the transaction's time in µs; the first tenth warms up connection and plan.
    const timesMs = lines.flatMap((line) => (line === "" ? [] : [Number(line.split(" ")[2]) / 1000]));
    if (timesMs.length < 20) throw new Error(`only ${timesMs.length} commits in ${seconds} s: too few to measure one`);
    return median(timesMs.slice(Math.floor(timesMs.length / 10)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(tools: PostgresTools, program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  const child = Bun.spawn([join(tools.binDir, program), ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    env: { PATH: process.env.PATH, PGOPTIONS: "-c client_min_messages=warning" },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${program} failed:\n${stderr.trim().slice(-2000)}`);
  return stdout;
}
