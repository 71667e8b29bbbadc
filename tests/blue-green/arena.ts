/**
 * Real processes of the whole platform as the colours of a blue/green rollout: on one PostgreSQL, with the transport in
 * each process or over Kafka, behind a balancer that sends requests to the active one. Who is active is said by an API
 * server: the stand-in, or a real one.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { withSql } from "../faults/with-sql.ts";
import { createClient } from "../journeys/client.ts";
import { makeExternalData } from "../journeys/external-data.ts";
import { startGateways } from "../journeys/gateways.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type PlatformProcess, type Program, runCommand, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";

/** Where a process asks which colour is active, and as whom. */
export interface ApiAccess {
  readonly url: string;
  readonly namespace: string;
  readonly service: string;
  readonly token: string;
  /** PEM of its authority; null: it speaks plain HTTP. */
  readonly ca: string | null;
}

export interface ColoursOptions {
  readonly transport: "inprocess" | "kafka";
  readonly api: ApiAccess;
  readonly overlapMs: number;
}

export interface Colour {
  readonly hash: string;
  readonly process: PlatformProcess;
  /** What it says of itself. */
  isActive(): Promise<boolean>;
  /** How many messages, timers and outcomes of calls its modules have handled. */
  handled(): Promise<number>;
}

export interface ColoursArena {
  readonly overlapMs: number;
  /** Of the balancer. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** Products with room for any number of orders. */
  readonly skus: readonly string[];
  /** Starts a process of that template, of this release unless told otherwise; resolves when it is ready. */
  start(hash: string, program?: Program): Promise<Colour>;
  /** The balancer sends requests there from now on. */
  route(colour: Colour): Promise<void>;
  /** Who lives and holds shards of each module, by its tables. */
  replicas(): Promise<readonly ModuleReplicas[]>;
  output(): string;
  stop(): Promise<void>;
}

export const ALL_SHARDS = 16;

export interface ModuleReplicas {
  readonly module: string;
  readonly active: number;
  readonly idle: number;
  readonly shardsOfActive: number;
}

const PRODUCTS = 20;

/** Throws `MissingTool` where a server's programs cannot be had. */
export async function startColours({ transport, api, overlapMs }: ColoursOptions): Promise<ColoursArena> {
  await using stack = new AsyncDisposableStack();
  const servers = openTopologyServers();
  stack.defer(servers.stop);
  const { DATABASE_URL: databaseUrl = "", ...more } = await servers.settingsFor(
    transport === "kafka" ? ["postgres", "kafka"] : ["postgres"],
  );
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-colours-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const [tokenFile, caFile] = [join(directory, "token"), join(directory, "ca.crt")];
  await writeFile(tokenFile, api.token);
  await writeFile(caFile, api.ca ?? "");
  const brokers = transport === "kafka" ? { ...more, KAFKA_PREFIX: `colours-${crypto.randomUUID().slice(0, 8)}.` } : {};
  const data = await makeExternalData(databaseUrl, { PAYMENT_ANSWER_TIMEOUT_MS: "1500", LOG_FORMAT: "json" });
  stack.defer(data.remove);
  const settings = { ...data.settings, ...brokers };
  if (transport === "kafka") {
    const { code, stdout, stderr } = await runCommand(["topics", "--partitions", "4"], settings);
    if (code !== 0) throw new Error(`topics failed:\n${stdout}${stderr}`);
  }
  const skus = await seedCatalogue(data.url, PRODUCTS);
  const port = await freeServerPort();
  const gateways = await startGateways([{ port, byCollection: {}, others: [] }]);
  stack.defer(gateways.stop);
  const operator = await tokenOf(data.dataDir, "operator", "judge");
  const started: PlatformProcess[] = [];
  stack.defer(async () => void (await Promise.all(started.map((each) => each.stop()))));
  const owned = stack.move();

  return {
    overlapMs,
    url: `http://127.0.0.1:${port}`,
    databaseUrl: data.url,
    dataDir: data.dataDir,
    skus,
    async start(hash, program) {
      const env = {
        ...settings,
        TRANSPORT: transport,
        ACTIVE_SERVICE: api.service,
        ACTIVE_OVERLAP_MS: String(overlapMs),
        POD_TEMPLATE_HASH: hash,
        POD_NAMESPACE: api.namespace,
        KUBERNETES_API_URL: api.url,
        KUBERNETES_TOKEN_FILE: tokenFile,
        KUBERNETES_CA_FILE: caFile,
      };
      const process = await startProcess(["serve"], env, program);
      started.push(process);
      return {
        hash,
        process,
        isActive: () => activeBy(process, operator),
        handled: async () => handledBy(await (await fetch(`${process.internalUrl}/metrics`)).text()),
      };
    },
    route: ({ process }) => gateways.update([{ port, byCollection: {}, others: [process.url] }]),
    replicas: () =>
      withSql(data.url, (sql) =>
        Promise.all(
          registry.map(async ({ name }) => {
            const schema = sql(name);
            const [row] = await sql`select (select count(*) from ${schema}.replica) as active,
              (select count(*) from ${schema}.idle_replica) as idle,
              (select count(*) from ${schema}.shard where holder in (select id from ${schema}.replica)) as shards`;
            return {
              module: name,
              active: Number(row?.["active"]),
              idle: Number(row?.["idle"]),
              shardsOfActive: Number(row?.["shards"]),
            };
          }),
        ),
      ),
    output: () => started.map((each) => each.output()).join("\n"),
    stop: () => owned.disposeAsync(),
  };
}

const instance = z.looseObject({ here: z.boolean(), active: z.boolean().optional() });
const topology = z.looseObject({ modules: z.array(z.looseObject({ instances: z.array(instance) })) });

/** Whether it takes part, by its own word; `token` is an operator's. */
export async function activeBy({ url }: PlatformProcess, token: string): Promise<boolean> {
  const { status, text } = await createClient(url, token).send({ method: "GET", path: "/api/v1/ops/topology" });
  if (status !== 200) throw new Error(`the topology was answered ${status}: ${text.slice(0, 300)}`);
  const instances = topology.parse(JSON.parse(text)).modules.flatMap((module) => module.instances);
  // Other modules may run elsewhere, and have no colours.
  const said = instances.filter(({ here }) => here).map(({ active }) => active);
  const [first] = said;
  if (first === undefined || said.some((each) => each !== first))
    throw new Error(`it does not say whether it is active: ${text}`);
  return first;
}

/** How much its modules have handled, by its metrics. Commands are left out: they are answered in every colour. */
export function handledBy(metrics: string): number {
  const counts = metrics.matchAll(/^handler_duration_seconds_count\{([^}]*)\} (\d+)/gm);
  return [...counts].reduce(
    (sum, [, labels = "", count]) => sum + (labels.includes('kind="command"') ? 0 : Number(count)),
    0,
  );
}
