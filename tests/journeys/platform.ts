/**
 * A platform for a test, in the shape that the runner chose: `dev` with its own PostgreSQL, or `migrate` and `serve` on
 * the server that DATABASE_URL names, in a database made for this test. The test itself cannot tell which.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { systemClock } from "../../runtime/clock.ts";
import { removeEmbedded } from "../../runtime/database/embedded.ts";
import { issueToken } from "../../runtime/identity/development-issuer.ts";
import type { Role } from "../../runtime/identity/principal.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { type Client, createClient } from "./client.ts";
import { type Environment, type PlatformProcess, runCommand, startProcess } from "./process.ts";

export interface Shape {
  readonly dataDir: string;
  /** Starts one more process of the platform. */
  start(): Promise<PlatformProcess>;
  /** Removes what was made for it. Its processes must have ended. */
  remove(): Promise<void>;
}

export interface TestPlatform {
  readonly dataDir: string;
  readonly process: PlatformProcess;
  /** A caller with a token of its own. */
  as(role: Role, sub: string): Promise<Client>;
  customer(sub: string): Promise<Client>;
  /** A caller without a token. */
  guest(): Client;
  /** Another process on the same data; the one before must have ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a platform with demo data. The settings hold for each of its processes. */
export async function startTestPlatform(env: Environment = {}): Promise<TestPlatform> {
  const url = process.env.DATABASE_URL;
  const shape = await (url ? externalShape(url, env) : embeddedShape(env));
  let running = await shape.start();
  const as = async (role: Role, sub: string) => createClient(running.url, await tokenOf(shape.dataDir, role, sub));
  return {
    dataDir: shape.dataDir,
    get process() {
      return running;
    },
    as,
    customer: (sub) => as("customer", sub),
    guest: () => createClient(running.url, null),
    async restart() {
      running = await shape.start();
    },
    async stop() {
      await running.stop();
      await shape.remove();
    },
  };
}

export const tokenOf = (dataDir: string, role: Role, sub: string) =>
  issueToken({ dataDir, role, sub, ttlSeconds: 3600, clock: systemClock });

const makeDirectory = () => mkdtemp(join(tmpdir(), "genai-demo-journey-"));

async function embeddedShape(env: Environment): Promise<Shape> {
  const dataDir = await makeDirectory();
  return {
    dataDir,
    start: () => startProcess(["dev", "--data", dataDir], env),
    async remove() {
      await removeEmbedded({ dataDir, scheduler, log: () => undefined });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** `serve` on a fresh database of the given server; migrated and with demo data, unless told otherwise. */
export async function externalShape(
  serverUrl: string,
  env: Environment = {},
  { migrated = true }: { readonly migrated?: boolean } = {},
): Promise<Shape> {
  const dataDir = await makeDirectory();
  const name = `journey_${crypto.randomUUID().replaceAll("-", "")}`;
  await administer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const settings = {
    DATABASE_URL: url.href,
    DATA_DIR: dataDir,
    DEVELOPMENT_ISSUER: "true",
    READINESS_DRAIN_MS: "0",
    ...env,
  };
  if (migrated) await prepare(settings);
  return {
    dataDir,
    start: () => startProcess(["serve"], settings),
    async remove() {
      await administer(serverUrl, `drop database if exists ${name} with (force)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function prepare(settings: Environment): Promise<void> {
  const { code, stdout, stderr } = await runCommand(["migrate"], settings);
  if (code !== 0) throw new Error(`migrate failed:\n${stdout}${stderr}`);
  // Only `dev` brings demo data.
  const seeding = await startProcess(["dev"], settings);
  await seeding.stop();
}

/** Runs one statement as the server's owner. */
export async function administer(serverUrl: string, statement: string): Promise<void> {
  const sql = postgres(serverUrl, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
