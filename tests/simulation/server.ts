/**
 * A PostgreSQL server for one worker: started once, put back to its first contents before each seed.
 *
 * Whatever would let the server act by itself is off (autovacuum, its own deadlock search, parallel workers), plans
 * do not depend on statistics, and data lies on tmpfs where there is one. The first contents are copied after the
 * workload has prepared them; DELETE and INSERT put them back, which is several times faster than TRUNCATE.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConnectionUrl } from "../../runtime/database/connection-url.ts";
import { startEmbedded } from "../../runtime/database/embedded.ts";
import { type Link, openLink } from "../../runtime/database/link.ts";
import type { Row } from "../../runtime/database/port.ts";
import { quoteIdentifier } from "../../runtime/database/postgres.ts";
import { type Scheduler, systemScheduler } from "../../runtime/scheduler.ts";
import { type Backends, createBackends } from "./backends.ts";
import type { ModuleDatabase, Workload } from "./workload.ts";

const SETTINGS = {
  autovacuum: "off",
  deadlock_timeout: "600s",
  // Rows would come in the order of the heap, which depends on earlier seeds.
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_seqscan: "off",
  full_page_writes: "off",
  jit: "off",
  max_connections: "150",
  max_parallel_workers_per_gather: "0",
  plan_cache_mode: "force_generic_plan",
  synchronize_seqscans: "off",
  synchronous_commit: "off",
  timezone: "UTC",
} as const;

/** A link without deadline: a waiting statement is the simulation's business. */
const NEVER: Scheduler = { ...systemScheduler, after: () => () => undefined };

const PREFIX = "genai-demo-simulation-";

/** Dead rows of DELETE pile up: cleared now and then, between seeds. */
const SEEDS_PER_VACUUM = 50;

export interface SimulationServer {
  readonly backends: Backends;
  inspect(sql: string): Promise<Row[]>;
  /** Puts every table and sequence back to what it was after `prepare`. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server and lets the workload prepare it. */
export async function startSimulationServer<Api>(workload: Workload<Api>): Promise<SimulationServer> {
  const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  sweep(parent);
  const dataDir = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  // As root the server runs under another account, which must get through to its cluster.
  chmodSync(dataDir, 0o711);
  const log: string[] = [];
  const embedded = await startEmbedded({
    dataDir,
    scheduler: systemScheduler,
    log: (line) => log.push(line),
    fsync: false,
    settings: SETTINGS,
  });
  const stop = async () => {
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await workload.prepare(embedded.url);
    return await connectTo(embedded.url, workload.modules, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Removes what killed runs left behind. */
function sweep(parent: string) {
  for (const name of readdirSync(parent)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    if (existsSync(join(parent, name, "postgres", "postmaster.pid"))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function connectTo(url: string, modules: readonly ModuleDatabase[], stopServer: () => Promise<void>) {
  const target = parseConnectionUrl(url);
  const open = (parameters: Record<string, string>): Link =>
    openLink({ target, parameters, deadlineMs: 0, scheduler: NEVER });
  const common = { TimeZone: "UTC", DateStyle: "ISO" };
  const monitor = open({ ...common, application_name: "simulation monitor" });
  const inspect = async (sql: string) => (await monitor.send({ text: sql, params: [] })).rows;
  const keeper = open({ ...common, session_replication_role: "replica", enable_seqscan: "on" });
  const backends = createBackends(monitor, (name) => {
    const module = modules.find((candidate) => candidate.name === name);
    if (module === undefined) throw new Error(`the workload names no module "${name}"`);
    return open({
      ...common,
      ...(module.role === null ? {} : { role: module.role }),
      search_path: quoteIdentifier(module.schema),
    });
  });
  const statements = await resetStatements(
    keeper,
    modules.map((module) => module.schema),
  );
  let seeds = 0;
  return {
    backends,
    inspect,
    async reset() {
      const texts = ["begin", ...statements, "commit"];
      if (++seeds % SEEDS_PER_VACUUM === 0) texts.push("vacuum");
      const answers = await Promise.allSettled(texts.map((text) => keeper.send({ text, params: [] })));
      const failed = answers.find((answer) => answer.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    async stop() {
      backends.close();
      keeper.close();
      monitor.close();
      await stopServer();
    },
  };
}

/** Copies what every table holds now, and says which statements bring it back. */
async function resetStatements(keeper: Link, schemas: readonly string[]): Promise<string[]> {
  const ask = async (text: string) => (await keeper.send({ text, params: [`{${schemas.join(",")}}`] })).rows;
  const tables = await ask(`
    select format('%I.%I', n.nspname, c.relname) as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = any($1::text[]) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by 1 order by 1`);
  const sequences = await ask(`
    select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value, start_value) as value,
      last_value is not null as called from pg_sequences where schemaname = any($1::text[]) order by 1`);
  await keeper.send({ text: "create schema simulation_first_contents", params: [] });
  const statements: string[] = [];
  for (const [index, table] of tables.entries()) {
    const copy = `simulation_first_contents.t${index}`;
    await keeper.send({ text: `create table ${copy} as select ${table["columns"]} from ${table["name"]}`, params: [] });
    const [count] = (await keeper.send({ text: `select count(*) as rows from ${copy}`, params: [] })).rows;
    statements.push(`delete from ${table["name"]}`);
    if (Number(count?.["rows"]) === 0) continue;
    const columns = String(table["columns"]);
    statements.push(
      `insert into ${table["name"]} (${columns}) overriding system value select ${columns} from ${copy} order by ctid`,
    );
  }
  for (const sequence of sequences) {
    statements.push(`select setval('${sequence["name"]}', ${sequence["value"]}, ${sequence["called"]})`);
  }
  return statements;
}
