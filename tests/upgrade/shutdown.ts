/**
 * Two replicas of the whole platform on one PostgreSQL, behind a balancer. Again and again one of them gets SIGTERM under
 * load, and is started again when it has ended. It drains as long as `serve` does by itself, and the balancer hears of it
 * a good while after it has been told.
 */
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { makeExternalData } from "../journeys/external-data.ts";
import { startGateways } from "../journeys/gateways.ts";
import { type PlatformProcess, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";
import type { RollingOptions } from "./rolling.ts";
import { type Outcome, underLoad } from "./under-load.ts";

export interface Shutdowns extends Outcome {
  readonly exitsMs: readonly number[];
}

const PRODUCTS = 20;
const BALANCER_LAG_MS = 1_500;

/** A round is one SIGTERM. Throws `MissingTool` where a server's programs cannot be had. */
export async function shutDownReplicas(options: RollingOptions): Promise<Shutdowns> {
  await using stack = new AsyncDisposableStack();
  const servers = openTopologyServers();
  stack.defer(servers.stop);
  const { DATABASE_URL: databaseUrl = "", ...more } = await servers.settingsFor(["postgres", "redis"]);
  const env = { ...more, PAYMENT_ANSWER_TIMEOUT_MS: "1500", LOG_FORMAT: "json", READINESS_DRAIN_MS: undefined };
  const data = await makeExternalData(databaseUrl, env);
  stack.defer(data.remove);
  const skus = await seedCatalogue(data.url, PRODUCTS);
  const start = () => startProcess(["serve"], data.settings);
  const replicas: PlatformProcess[] = [];
  stack.defer(async () => void (await Promise.all(replicas.map((each) => each.stop()))));
  replicas.push(await start(), await start());
  const port = await freeServerPort();
  const planOf = (those: readonly PlatformProcess[]) => [
    { port, byCollection: {}, others: those.map(({ url }) => url) },
  ];
  const gateways = await startGateways(planOf(replicas));
  stack.defer(gateways.stop);
  const exitsMs: number[] = [];
  const ended: string[] = [];
  const load = {
    ...options,
    skus,
    url: `http://127.0.0.1:${port}`,
    databaseUrl: data.url,
    dataDir: data.dataDir,
    output: () => [...ended, ...replicas.map((each) => each.output())].join("\n"),
  };
  const outcome = await underLoad(load, async ({ confirm, told }, violations) => {
    await confirm();
    for (let round = 1; round <= options.rounds; round++) {
      const [doomed, other] = replicas;
      if (!doomed || !other) throw new Error("there are not two replicas");
      const toldMs = performance.now();
      const stopping = doomed.stop().then((code) => ({ code, exitMs: performance.now() - toldMs }));
      await Bun.sleep(BALANCER_LAG_MS);
      await gateways.update(planOf([other]));
      const { code, exitMs } = await stopping;
      exitsMs.push(exitMs);
      ended.push(doomed.output());
      if (code !== 0) violations.push(`a replica ended with exit code ${code}`);
      replicas.splice(0, 2, other, await start());
      await gateways.update(planOf(replicas));
      await confirm();
      options.progress(`round ${round} of ${options.rounds}: ended after ${exitMs.toFixed(0)} ms, ${told()}`);
    }
  });
  return { ...outcome, exitsMs };
}
