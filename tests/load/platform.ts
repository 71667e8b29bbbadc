/** The platform as it runs in production: all six modules in one process, or some of them, on servers given by URL. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../provision/external-postgres.ts";
import { type ServingProcess, startServing } from "./process.ts";

const ROOT = join(import.meta.dir, "..", "..");
const READY_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 60_000;

export interface Platform extends ServingProcess {
  readonly port: number;
  readonly internalPort: number;
  /** Holds the development issuer's keys. */
  readonly dataDir: string;
  readonly logFile: string;
}

export interface PlatformOptions {
  readonly databaseUrl: string;
  /** Takes the data directory and the log; created when absent. */
  readonly directory: string;
  /** Samples where the CPU goes; the profile is written here when the process ends. */
  readonly profileDir?: string;
  /** Runs this instead of the source. */
  readonly executable?: string;
  /** Of its log, where several share the directory. */
  readonly name?: string;
  /** Over the ones that every process has: which modules it runs, where the other servers are, its ports. */
  readonly settings?: Settings;
}

export type Settings = Readonly<Record<string, string>>;

/** Migrates the databases. */
export const migratePlatform = (databaseUrl: string): Promise<void> =>
  runCommand(["migrate"], { DATABASE_URL: databaseUrl, DEVELOPMENT_ISSUER: "true" });

/** Makes the topics on the brokers. */
export const makeTopics = (kafkaBrokers: string): Promise<void> =>
  runCommand(["topics"], { KAFKA_BROKERS: kafkaBrokers });

async function runCommand(args: readonly string[], settings: Settings): Promise<void> {
  const child = Bun.spawn([process.execPath, "runtime/main.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_TIMEOUT_MS,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${args.join(" ")} failed:\n${(stdout + stderr).slice(-4000)}`);
}

/** Starts `serve` on free loopback ports and waits until it is ready. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { name = "serve", settings = {} } = options;
  const port = Number(settings["PORT"] ?? (await freePort()));
  const internalPort = Number(settings["INTERNAL_PORT"] ?? (await freePort()));
  const dataDir = join(options.directory, "data");
  await mkdir(dataDir, { recursive: true });
  const logFile = join(options.directory, `${name}.log`);
  const profile = options.profileDir === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", options.profileDir];
  const running = await startServing({
    argv: options.executable
      ? [options.executable, "serve"]
      : [process.execPath, ...profile, "runtime/main.ts", "serve"],
    cwd: ROOT,
    env: {
      ...process.env,
      DATABASE_URL: options.databaseUrl,
      DATA_DIR: dataDir,
      DEVELOPMENT_ISSUER: "true",
      HOST: "127.0.0.1",
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
      ...settings,
    },
    logFile,
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  return { ...running, port, internalPort, dataDir, logFile };
}
