/**
 * `dev` on one data directory with its own PostgreSQL, fsync on: the same directory before and after each kill.
 *
 * What dies with the process is started again on the directory, as a user would; what only PostgreSQL loses, the
 * platform must bring back by itself.
 */
import { chmodSync, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { runningServerUrl } from "../../runtime/database/embedded.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type Environment, type PlatformProcess, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { startGuard } from "../provision/guard.ts";
import { oneOf } from "../simulation/seed.ts";
import type { Arena } from "./arena.ts";
import { descendantsOf, killAll, type ProcessEntry, partsOf, untilEnded, type Victims } from "./process-tree.ts";
import { withSql } from "./with-sql.ts";

/** Unknown outcomes of payments are to be met often and not waited for long. */
export const QUICK_PAYMENTS: Environment = { PAYMENT_ANSWER_TIMEOUT_MS: "1500" };
/** The same, on an embedded database. */
export const FAULTS_ENVIRONMENT: Environment = { DATABASE_URL: undefined, ...QUICK_PAYMENTS };

/** Products with room for any number of orders, beside the seeded ones. */
export const PRODUCTS = 20;
/** The last process may take a moment to let go of the directory. */
const DIRECTORY_TRIES = 10;
const DIRECTORY_PAUSE_MS = 500;

export interface SingleArena extends Arena {
  readonly dataDir: string;
  readonly process: PlatformProcess;
}

/** A place for a data directory that any account can enter, on a disk rather than in memory where there is a choice. */
export async function makeDataPlace(): Promise<string> {
  const parent = process.env.TMPDIR || (existsSync("/var/tmp") ? "/var/tmp" : tmpdir());
  const place = await mkdtemp(join(parent, "genai-demo-faults-"));
  chmodSync(place, 0o755);
  return place;
}

/** Starts the platform on a data directory of its own, with more products than the demo's. */
export async function startSingleArena(env: Environment = {}): Promise<SingleArena> {
  const place = await makeDataPlace();
  const guard = startGuard('rm -rf "$1"', place);
  const dataDir = join(place, "data");
  const start = () => startProcess(["dev", "--data", dataDir], { ...FAULTS_ENVIRONMENT, ...env });
  const discard = async () => {
    await rm(place, { recursive: true, force: true });
    await guard.release();
  };
  let running: PlatformProcess;
  let skus: readonly string[];
  try {
    running = await start();
    skus = await seedCatalogue(embeddedUrl(dataDir), PRODUCTS);
  } catch (error) {
    await discard();
    throw error;
  }
  const isUp = () => partsOf(running.pid).spawned !== undefined;
  return {
    kinds: [
      "group",
      "everything",
      "application",
      ...(partsOf(running.pid).supervisor === undefined ? [] : ["supervisor"]),
      "server",
      "backend",
    ],
    dataDir,
    skus,
    get process() {
      return running;
    },
    urls: () => (isUp() ? [running.url] : []),
    tokenFor: (customer) => tokenOf(dataDir, "customer", customer),
    operatorToken: () => tokenOf(dataDir, "operator", "judge"),
    async strike(kind, random) {
      const { kill, falls } = victims(kind, running.pid, dataDir, (backends) => oneOf(random, backends));
      killAll(kill);
      await untilEnded([...kill, ...falls]);
    },
    async mend() {
      if (isUp()) return;
      await running.stop();
      running = await startAgain(start);
    },
    withSql: (work) => withEmbeddedSql(dataDir, work),
    output: () => running.output(),
    async remove() {
      await running.stop();
      await discard();
    },
  };
}

/** A user who is told that the directory is in use tries again a moment later. */
export async function startAgain(start: () => Promise<PlatformProcess>): Promise<PlatformProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt >= DIRECTORY_TRIES || !String(error).includes("is in use by")) throw error;
      await Bun.sleep(DIRECTORY_PAUSE_MS);
    }
  }
}

/** Whom a kind of kill meets now. A platform that is just being started is met as a whole, whatever the kind. */
function victims(
  kind: string,
  pid: number,
  dataDir: string,
  choose: (backends: readonly ProcessEntry[]) => ProcessEntry,
): Victims {
  const { spawned, application, supervisor, server, backends, all } = partsOf(pid);
  if (spawned === undefined || application === undefined) {
    // Not the process that ended, so one that is being started in its place.
    const starting = descendantsOf(process.pid).filter(({ command }) => command.includes(`--data ${dataDir}`));
    return { kill: starting, falls: [] };
  }
  switch (kind) {
    case "group":
      return { kill: all.filter(({ group }) => group === spawned.group), falls: [] };
    case "everything":
      return { kill: all, falls: [] };
    case "application":
      return { kill: [application], falls: [] };
    case "supervisor":
      return { kill: [supervisor ?? spawned], falls: [] };
    case "server":
      return server === undefined ? { kill: [application], falls: [] } : { kill: [server], falls: backends };
    case "backend":
      return backends.length === 0 ? { kill: [application], falls: [] } : { kill: [choose(backends)], falls: backends };
    default:
      throw new Error(`no kind of kill ${kind}`);
  }
}

/** The superuser's URL of the embedded server that runs on a data directory now. */
function embeddedUrl(dataDir: string): string {
  const url = runningServerUrl(dataDir);
  if (url === null) throw new Error(`no database server runs on ${dataDir}`);
  return url;
}

/** Works on the embedded server of a data directory through a connection of its own. */
export function withEmbeddedSql<T>(dataDir: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const host = new URL(embeddedUrl(dataDir)).searchParams.get("host") ?? "";
  return withSql({ host, port: 5432, user: "postgres", database: "postgres" }, work);
}
