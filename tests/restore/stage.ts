/**
 * The platform that is restored: six processes, a PostgreSQL server for each module, one broker. It can be crashed as a
 * whole, and any module put back to a copy, with the broker's log as it was at the crash.
 */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { watchSettled } from "../../runtime/transport/kafka/settled.ts";
import { QUICK_PAYMENTS } from "../faults/single-arena.ts";
import { type Client, createClient } from "../journeys/client.ts";
import { makeDirectory } from "../journeys/external-data.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type Environment, runCommand, startProcess } from "../journeys/process.ts";
import { type SplitMembers, startMembers } from "../journeys/split-members.ts";
import { SIX } from "../journeys/topology.ts";
import { startExternalKafka } from "../provision/external-kafka.ts";
import { type Copy, type ModuleDatabase, startModuleDatabase } from "./module-databases.ts";
import { type Outside, readOutside } from "./outside.ts";

export type Reconciled = z.infer<typeof reconciliationSchema>;

export interface Stage extends AsyncDisposable {
  readonly databases: readonly ModuleDatabase[];
  client(role: "customer" | "operator", sub: string): Promise<Client>;
  /** Starts the six processes; they must have ended. */
  start(): Promise<void>;
  /** Waits until nothing is under way any more, and asks for what is wrong. */
  settle(): Promise<Reconciled>;
  /** What a copy of each module's database is taken of now, one after the other. */
  copies(name: string): Promise<ReadonlyMap<string, Copy>>;
  /** Everything ends at once, and is kept as it is: what `restore` begins with. */
  crash(): Promise<void>;
  /** As at the crash, but for the modules whose copies are given. No process runs then. */
  restore(copies: ReadonlyMap<string, Copy>): Promise<void>;
  /** Sets a module's consumer group back; gives how many records come again. */
  rewind(module: string, toMs: number): Promise<number>;
}

const SETTLE_WITHIN_MS = 90_000;
const SESSIONS_END_WITHIN_MS = 60_000;
const POLL_MS = 300;
/** Work that is due, or soon; what waits for a carrier or for the end of a time to return things is at rest. */
const OPEN = (module: string) =>
  `select (select count(*) from "${module}".outbox) + (select count(*) from "${module}".call_intent)
    + (select count(*) from "${module}".timer where due_at < now() + interval '5 seconds') as open`;
const opened = z.object({ open: z.coerce.number() });

/** Starts all of it, migrated and with demo data. Throws `MissingTool` where a server's programs cannot be had. */
export async function openStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const kafka = await startExternalKafka();
  stack.defer(kafka.stop);
  const [broker] = kafka.nodes;
  if (broker === undefined) throw new Error("there is no broker");
  const databases: ModuleDatabase[] = [];
  for (const [module = ""] of SIX) {
    const database = await startModuleDatabase(module);
    stack.defer(database.stop);
    databases.push(database);
  }
  const dataDir = await makeDirectory();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const data: Environment = {
    ...QUICK_PAYMENTS,
    ...Object.fromEntries(databases.map(({ module, url }) => [`${module.toUpperCase()}_DATABASE_URL`, url])),
    DATA_DIR: dataDir,
    DEVELOPMENT_ISSUER: "true",
    READINESS_DRAIN_MS: "0",
    LOG_LEVEL: "warn",
  };
  const settings = { ...data, KAFKA_BROKERS: kafka.brokers.join(",") };
  await succeeded(["migrate"], data);
  const seeding = await startProcess(["dev", "--no-watch"], data);
  await seeding.stop();
  await succeeded(["topics", "--partitions", "4"], settings);
  const settled = watchSettled(registry, {
    brokers: kafka.brokers,
    clientId: "genai-demo-rehearsal",
    prefix: "",
    tls: null,
    sasl: null,
  });
  stack.defer(settled.close);

  let running: SplitMembers | undefined;
  const stopProcesses = async () => {
    const { members, stopGateways } = running ?? { members: [], stopGateways: async () => undefined };
    running = undefined;
    await Promise.all(members.map(({ process }) => process.stop()));
    await stopGateways();
  };
  stack.defer(stopProcesses);
  const urlNow = () => {
    if (running === undefined) throw new Error("no process runs");
    return `http://127.0.0.1:${running.port}`;
  };
  const client = async (role: "customer" | "operator", sub: string) =>
    createClient(urlNow(), await tokenOf(dataDir, role, sub));
  const log = join(kafka.directory, String(broker.id), "data");
  const keptLog = join(kafka.directory, "kept-log");
  let kept: ReadonlyMap<string, Copy> = new Map();
  let outside: Outside | undefined;

  const isAtRest = async () => {
    for (const { module, query } of databases) {
      const [row] = await query(OPEN(module));
      if (opened.parse(row).open > 0) return false;
    }
    return settled.isSettled();
  };

  const ends = stack.move();
  return {
    databases,
    client,
    async start() {
      running = await startMembers({ groups: SIX, replicas: 1 }, settings);
    },
    async settle() {
      const deadline = Date.now() + SETTLE_WITHIN_MS;
      // Twice: what is between two databases at one look is in one of them at the next.
      for (let rests = 0; rests < 2 && Date.now() < deadline; ) {
        rests = (await isAtRest()) ? rests + 1 : 0;
        await Bun.sleep(POLL_MS);
      }
      const operator = await client("operator", "olga");
      const { status, text } = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
      if (status !== 200) throw new Error(`reconcile: ${status} ${text}`);
      return reconciliationSchema.parse(JSON.parse(text));
    },
    async copies(name) {
      const taken = new Map<string, Copy>();
      for (const database of databases) taken.set(database.module, await database.copy(name));
      return taken;
    },
    async crash() {
      outside = await readOutside(databases);
      await Promise.all((running?.members ?? []).map(({ process }) => process.kill("group")));
      await stopProcesses();
      await Promise.all(databases.map((database) => database.crash()));
      kept = new Map(
        await Promise.all(databases.map(async (database) => [database.module, await database.keep()] as const)),
      );
      await settled.close();
      await broker.stop();
      await copyLog(log, keptLog);
    },
    async restore(copies) {
      await stopProcesses();
      await settled.close();
      await Promise.all(
        databases.map(async (database) => {
          const copy = copies.get(database.module) ?? kept.get(database.module);
          if (copy === undefined) throw new Error("nothing has crashed yet");
          await database.crash();
          await database.restore(copy);
          if (copies.has(database.module)) await outside?.putBack(database);
        }),
      );
      await broker.stop();
      await rm(log, { recursive: true });
      await copyLog(keptLog, log);
      await broker.start();
    },
    async rewind(module, toMs) {
      const moment = new Date(toMs).toISOString();
      const args = ["topics", "--rewind-to", moment, "--modules", module];
      // Whoever was killed counts as a member until its session ends, and the command says to try again then.
      const said = await until(SESSIONS_END_WITHIN_MS, async () => {
        const { code, stdout, stderr } = await runCommand(args, settings);
        if (code === 0) return stdout;
        if (stderr.includes("has members")) return null;
        throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`);
      });
      return [...said.matchAll(/: (\d+) records come again/g)].reduce((sum, [, records]) => sum + Number(records), 0);
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

async function succeeded(args: readonly string[], env: Environment): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, env);
  if (code !== 0) throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}

async function until<T>(withinMs: number, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`it has not come about within ${withinMs} ms`);
    await Bun.sleep(POLL_MS);
  }
}

async function copyLog(from: string, to: string): Promise<void> {
  const copying = `${to}.copying`;
  await Bun.$`cp -a ${from} ${copying}`.quiet();
  await rename(copying, to);
}
