/**
 * The real platform that one workload of a cluster of the tests is a part of: PostgreSQL, Kafka and Redis, prepared by the
 * overlay's own Jobs; the workload's processes, a colour each (colours.ts); and all other modules in one process beside them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { collectionsOf } from "../../runtime/registry.ts";
import { startGateways } from "../journeys/gateways.ts";
import { type Environment, type PlatformProcess, runCommand, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { type Colours, followColours, type Workload } from "./colours.ts";
import type { Cluster } from "./control-plane.ts";
import { asks, commandOf } from "./job-command.ts";
import { type JobRunner, startJobRunner } from "./job-runner.ts";
import type { Pod } from "./objects.ts";
import type { PlatformData } from "./platform-data.ts";

export interface Stage {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly skus: readonly string[];
  /** Where customers come by. */
  readonly url: string;
  readonly jobs: JobRunner;
  readonly colours: Colours;
  output(): string;
  stop(): Promise<void>;
}

/** How long a colour that is no longer active goes on; in pods it is 30 s. */
export const OVERLAP_MS = 4_000;
const PRODUCTS = 20;

export interface Steps {
  /** Called when Jobs are run, before anything else is: applies them, and waits until they have ended. */
  readonly prepare: () => Promise<unknown>;
  /** Called when databases and topics are there: applies the workload. */
  readonly deploy: () => Promise<unknown>;
}

/** Starts all of it; resolves when the first colour serves. */
export async function setStage(
  cluster: Cluster,
  workload: Workload,
  modules: readonly string[],
  data: PlatformData,
  steps: Steps,
): Promise<Stage> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    return await build(cluster, workload, modules, data, steps, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  cluster: Cluster,
  workload: Workload,
  modules: readonly string[],
  data: PlatformData,
  { prepare, deploy }: Steps,
  stops: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-colours-"));
  stops.push(() => rm(directory, { recursive: true, force: true }));
  const [publicPort = 0, rpcPort = 0, restPort = 0, restInternal = 0] = await freeServerPorts(4);
  const others = registry.map(({ name }) => name).filter((name) => !modules.includes(name));
  const rpcUrlOf = (module: string) => `http://127.0.0.1:${modules.includes(module) ? rpcPort : restInternal}`;
  const settings: Environment = {
    ...data.settings,
    ACTIVE_OVERLAP_MS: String(OVERLAP_MS),
    ...Object.fromEntries(registry.map(({ name }) => [`${name.toUpperCase()}_RPC_URL`, rpcUrlOf(name)])),
  };
  let colours: Colours | undefined;
  const jobs = startJobRunner(cluster.api, workload.namespace, (pod) => runJob(pod, settings, workload, colours));
  stops.push(() => jobs.stop());
  await prepare();
  // Only `dev` brings demo data.
  const seeding = await startProcess(["dev", "--no-watch"], data.withoutServers);
  await seeding.stop();
  const skus = await seedCatalogue(data.url, PRODUCTS);
  const rest = await startProcess(["serve"], {
    ...settings,
    MODULES: others.join(","),
    PORT: String(restPort),
    INTERNAL_PORT: String(restInternal),
  });
  stops.push(() => rest.stop());
  const plans = (active: PlatformProcess | null) => {
    const urls = active === null ? [] : [active.url];
    const owners = registry.flatMap((module) =>
      collectionsOf(module).map((each) => [each, modules.includes(module.name) ? urls : [rest.url]] as const),
    );
    return [
      { port: publicPort, byCollection: Object.fromEntries(owners), others: urls },
      { port: rpcPort, byCollection: {}, others: active === null ? [] : [active.internalUrl] },
    ];
  };
  const gateways = await startGateways(plans(null));
  stops.push(() => gateways.stop());
  await deploy();
  const following = followColours({ cluster, workload, directory, settings, gateways, plans });
  colours = following;
  stops.push(() => following.stop());
  await cluster.api.until("the first colour serves", async () => following.behind("active")?.process ?? null);
  return {
    databaseUrl: data.url,
    dataDir: data.dataDir,
    skus,
    url: `http://127.0.0.1:${publicPort}`,
    jobs,
    colours: following,
    output: () => [rest.output(), following.output()].join("\n"),
    stop,
  };
}

/** Runs the command of a Job's pod; one that asks the preview waits for its process. */
async function runJob(pod: Pod, settings: Environment, { previewService }: Workload, colours: Colours | undefined) {
  const isOfPreview = asks(pod, previewService);
  if (isOfPreview && colours === undefined) throw new Error("there is no preview yet");
  // What could not be started answers nowhere.
  const url = (isOfPreview ? (await colours?.preview())?.process?.url : undefined) ?? "http://127.0.0.1:1";
  const { code, stdout, stderr } = await runCommand(commandOf(pod, previewService, url), settings);
  return { code, said: `${stdout}${stderr}` };
}
