/** A database of its own for a test, on a server that is there already. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { parseConnectionUrl } from "../../runtime/database/connection-url.ts";
import { type Environment, runCommand, startProcess } from "./process.ts";

export interface ExternalData {
  /** Of the database, as the server's superuser. */
  readonly url: string;
  /** Holds the development signing key. */
  readonly dataDir: string;
  /** What each process of the platform is started with. */
  readonly settings: Environment;
  /** Removes the database and the directory. */
  remove(): Promise<void>;
}

export const makeDirectory = () => mkdtemp(join(tmpdir(), "genai-demo-journey-"));

/** Makes it; migrated and with demo data, unless told otherwise. What fails leaves nothing behind. */
export async function makeExternalData(
  serverUrl: string,
  env: Environment,
  { migrated = true }: { readonly migrated?: boolean } = {},
): Promise<ExternalData> {
  const name = `journey_${crypto.randomUUID().replaceAll("-", "")}`;
  await administer(serverUrl, `create database ${name}`);
  const dataDir = await makeDirectory();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const settings = {
    DATABASE_URL: url.href,
    DATA_DIR: dataDir,
    DEVELOPMENT_ISSUER: "true",
    READINESS_DRAIN_MS: "0",
    ...env,
  };
  const data = {
    url: url.href,
    dataDir,
    settings,
    async remove() {
      await administer(serverUrl, `drop database if exists ${name} with (force)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return migrated ? orRemoved(data, () => prepare(settings)) : data;
}

/** The data, when `next` has succeeded. */
export async function orRemoved(data: ExternalData, next: () => Promise<void>): Promise<ExternalData> {
  try {
    await next();
    return data;
  } catch (error) {
    await data.remove();
    throw error;
  }
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
    password: target.password.open(),
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
