/**
 * A platform for a test, in the shape that the runner chose: `dev` with its own PostgreSQL, or `migrate` and `serve` on
 * the server that DATABASE_URL names, in a database made for this test. The test itself cannot tell which.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { systemClock } from "../../runtime/clock.ts";
import { parseConnectionUrl } from "../../runtime/database/connection-url.ts";
import { removeEmbedded, runningServerUrl } from "../../runtime/database/embedded.ts";
import { issueToken } from "../../runtime/identity/development-issuer.ts";
import type { Role } from "../../runtime/identity/principal.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { type Client, createClient } from "./client.ts";
import { type Environment, type PlatformProcess, runCommand, startProcess } from "./process.ts";

export interface Shape {
  readonly dataDir: string;
  /** Starts one more process of the platform, with settings of its own beside the shape's. */
  start(own?: Environment): Promise<PlatformProcess>;
  /** Of the superuser, while a process runs. */
  databaseUrl(): string;
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
  /** Runs statements past the platform, as the database's superuser: to look, and to do damage. */
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Another process on the same data, with settings of its own; the one before must have ended. */
  restart(own?: Environment): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a platform with demo data. The settings hold for each of its processes. `watching` is `dev` as it is used: its
 * supervisor restarts the application on a save, so whoever edits this checkout during the test disturbs it.
 */
export async function startTestPlatform(
  env: Environment = {},
  { watching = false }: { readonly watching?: boolean } = {},
): Promise<TestPlatform> {
  const url = process.env.DATABASE_URL;
  const shape = await (url ? externalShape(url, env) : embeddedShape(env, watching));
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
    sql: (text) => administer(shape.databaseUrl(), text),
    async restart(own) {
      running = await shape.start(own);
    },
    async stop() {
      await running.stop();
      await shape.remove();
    },
  };
}

export const tokenOf = (dataDir: string, role: Role, sub: string, scopes?: readonly string[]) =>
  issueToken({ dataDir, role, sub, ttlSeconds: 3600, clock: systemClock, ...(scopes ? { scopes } : {}) });

const makeDirectory = () => mkdtemp(join(tmpdir(), "genai-demo-journey-"));

async function embeddedShape(env: Environment, watching: boolean): Promise<Shape> {
  const dataDir = await makeDirectory();
  return {
    dataDir,
    start: (own) => startProcess(["dev", ...(watching ? [] : ["--no-watch"]), "--data", dataDir], { ...env, ...own }),
    databaseUrl() {
      const url = runningServerUrl(dataDir);
      if (url === null) throw new Error(`no database server runs on ${dataDir}`);
      return url;
    },
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
    start: (own) => startProcess(["serve"], { ...settings, ...own }),
    databaseUrl: () => url.href,
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
  const seeding = await startProcess(["dev", "--no-watch"], settings);
  await seeding.stop();
}

/** Runs statements as the server's owner; gives the rows of the last one. */
export async function administer(
  serverUrl: string,
  text: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const target = parseConnectionUrl(serverUrl);
  const sql = postgres({
    host: target.socketPath === null ? target.host : dirname(target.socketPath),
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    max: 1,
    onnotice: () => undefined,
  });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}
