/** The platform as it runs in production: all six modules in a process of their own, on a server given by its URL. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../provision/external-postgres.ts";
import { type ServingProcess, startServing } from "./process.ts";

const ROOT = join(import.meta.dir, "..", "..");
const READY_TIMEOUT_MS = 60_000;
const MIGRATE_TIMEOUT_MS = 60_000;

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
}

/** Migrates the databases. */
export async function migratePlatform(databaseUrl: string): Promise<void> {
  const child = Bun.spawn([process.execPath, "runtime/main.ts", "migrate"], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: databaseUrl, DEVELOPMENT_ISSUER: "true" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: MIGRATE_TIMEOUT_MS,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`migrate failed:\n${(stdout + stderr).slice(-4000)}`);
}

/** Starts `serve` on free loopback ports and waits until it is ready. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const port = await freePort();
  const internalPort = await freePort();
  const dataDir = join(options.directory, "data");
  await mkdir(dataDir, { recursive: true });
  const logFile = join(options.directory, "serve.log");
  const profile = options.profileDir === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", options.profileDir];
  const running = await startServing({
    argv: [process.execPath, ...profile, "runtime/main.ts", "serve"],
    cwd: ROOT,
    env: {
      ...process.env,
      DATABASE_URL: options.databaseUrl,
      DATA_DIR: dataDir,
      DEVELOPMENT_ISSUER: "true",
      HOST: "127.0.0.1",
      PORT: String(port),
      INTERNAL_PORT: String(internalPort),
    },
    logFile,
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  return { ...running, port, internalPort, dataDir, logFile };
}
