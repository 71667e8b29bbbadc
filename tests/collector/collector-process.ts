/**
 * The collector as a process on loopback. It ends with `stop()`, and when this process ends in any other way, kill -9
 * included. What its exporters print goes into a file: it is more than a pipe should hold.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { startGuard } from "../provision/guard.ts";
import type { CollectorDocument } from "./collector-keys.ts";
import { type CollectorPorts, coreConfiguration } from "./core-configuration.ts";

export interface RunningCollector {
  /** Where OTLP over HTTP is taken. */
  readonly endpoint: string;
  /** Its own metrics, in Prometheus' text format. */
  readMetrics(): Promise<string>;
  /** Ends it in order; its exit code, and what its exporters printed. May be called twice. */
  stop(): Promise<{ readonly code: number | null; readonly printed: string; readonly log: string }>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 20_000;
const VALIDATE_TIMEOUT_MS = 20_000;
const ANSWER_WITHIN_MS = 2_000;

/** What the configuration asks of the environment, for one on loopback. */
const VARIABLES = { AWS_REGION: "eu-west-1", CLUSTER_NAME: "genai-demo", COLLECTOR_ADDRESS: "127.0.0.1" };

/** Writes the configuration into `directory` and asks the program whether it takes it; what it says when it does not. */
export async function validate(program: string, document: CollectorDocument, directory: string) {
  const file = join(directory, "validated.json");
  await writeFile(file, coreConfiguration(document, { otlp: 4318, health: 13133, metrics: 8888 }));
  const child = Bun.spawn([program, "validate", "--config", file], {
    env: { ...process.env, ...VARIABLES },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: VALIDATE_TIMEOUT_MS,
  });
  const said = await new Response(child.stderr).text();
  return (await child.exited) === 0 ? [] : [said.trim() || "it refused without a word"];
}

/** Starts it in `directory`; resolves when its health check says that it serves. */
export async function startCollector(
  program: string,
  document: CollectorDocument,
  directory: string,
): Promise<RunningCollector> {
  const [otlp = 0, health = 0, metrics = 0] = await freeServerPorts(3);
  const ports: CollectorPorts = { otlp, health, metrics };
  const file = join(directory, "collector.json");
  await writeFile(file, coreConfiguration(document, ports));
  const [printed, log] = [join(directory, "printed.txt"), join(directory, "log.txt")];
  const files = [openSync(printed, "w"), openSync(log, "w")];
  const child = spawn(program, ["--config", file], {
    env: { ...process.env, ...VARIABLES },
    stdio: ["ignore", ...files],
    // A session of its own: Ctrl-C in the terminal reaches us, and we end it.
    detached: true,
  });
  for (const each of files) closeSync(each);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  const guard = startGuard('stop "$1" otelcol', String(child.pid));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!hasEnded()) child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const code = await exited;
    clearTimeout(late);
    await guard.release();
    return { code, printed: await readFile(printed, "utf8"), log: await readFile(log, "utf8") };
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(`http://127.0.0.1:${health}/`))) {
    if (hasEnded() || Date.now() > deadline) throw new Error(`the collector did not start:\n${(await stop()).log}`);
    await Bun.sleep(50);
  }
  return {
    endpoint: `http://127.0.0.1:${otlp}`,
    async readMetrics() {
      const response = await fetch(`http://127.0.0.1:${metrics}/metrics`, {
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return response.text();
    },
    stop,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).ok;
  } catch {
    return false;
  }
}
