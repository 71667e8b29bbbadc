/**
 * The platform is rolled between the release before and this one under load, forward and back, on one database, one
 * broker and one Redis. It begins as a release does: the release before runs on its own schema, and this one's `migrate`
 * and `topics` are run under it.
 */
import { makeExternalData } from "../journeys/external-data.ts";
import { type Environment, runCommand, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";
import { type Fleet, type Replacement, startFleet } from "./fleet.ts";
import { previousProgram, type Release, thisProgram } from "./previous.ts";
import { type Load, type Outcome, underLoad } from "./under-load.ts";

export interface RollingOptions {
  /** A round replaces the processes of all modules: forward, and in the next back. */
  readonly rounds: number;
  readonly seed: number;
  readonly buyers: number;
  readonly progress: (line: string) => void;
}

export interface Rolling extends Outcome {
  readonly replacements: readonly Replacement[];
}

const PRODUCTS = 20;
/** How long both releases of a module are at work. */
const TOGETHER_MS = 500;

async function runOf(release: Release, command: readonly string[], env: Environment): Promise<void> {
  const { code, stdout, stderr } = await runCommand(command, env, release);
  if (code !== 0) throw new Error(`${command.join(" ")} of ${release.version} failed:\n${stdout}${stderr}`);
}
const TOPICS = ["topics", "--partitions", "4"];

/** Rolls a platform of its own. Throws `MissingTool` where a server's programs cannot be had. */
export async function roll(options: RollingOptions): Promise<Rolling> {
  const previous = await previousProgram();
  await using stack = new AsyncDisposableStack();
  const servers = openTopologyServers();
  stack.defer(servers.stop);
  const { DATABASE_URL: databaseUrl = "", ...more } = await servers.settingsFor(["postgres", "redis", "kafka"]);
  const prefix = `rolling-${crypto.randomUUID().slice(0, 8)}.`;
  const env = { ...more, KAFKA_PREFIX: prefix, PAYMENT_ANSWER_TIMEOUT_MS: "1500", LOG_FORMAT: "json" };
  const data = await makeExternalData(databaseUrl, env, { migrated: false });
  stack.defer(data.remove);
  await runOf(previous, ["migrate"], data.settings);
  await runOf(previous, TOPICS, data.settings);
  // Only `dev` brings demo data.
  const inOne = { ...data.settings, KAFKA_BROKERS: undefined };
  await (await startProcess(["dev", "--no-watch"], inOne, previous)).stop();
  const skus = await seedCatalogue(data.url, PRODUCTS);
  const fleet = await startFleet(previous, data.settings);
  stack.defer(fleet.stop);
  const replacements: Replacement[] = [];
  const load = { ...options, skus, url: fleet.url, databaseUrl: data.url, dataDir: data.dataDir, output: fleet.output };
  const outcome = await underLoad(load, async (present, violations) => {
    const now = thisProgram();
    await present.confirm();
    await runOf(now, ["migrate"], data.settings);
    await runOf(now, TOPICS, data.settings);
    await present.confirm();
    for (let round = 1; round <= options.rounds; round++) {
      const to = round % 2 === 1 ? now : previous;
      for await (const replaced of rollTo(to, round, fleet, present)) {
        const { module, from, exitCode, exitMs } = replaced;
        replacements.push(replaced);
        if (exitCode !== 0) violations.push(`${module} of ${from} ended with exit code ${exitCode}`);
        options.progress(
          `round ${round} of ${options.rounds}: ${module} from ${from} to ${to.version}, ended after ${exitMs.toFixed(0)} ms, ${present.told()}`,
        );
      }
    }
  });
  return { ...outcome, replacements };
}

/** Each module in turn. Each round begins with another, so that each meets all others of the other release. */
async function* rollTo(to: Release, round: number, fleet: Fleet, { confirm }: Load): AsyncGenerator<Replacement> {
  const modules = Object.keys(fleet.releases());
  for (const [index] of modules.entries()) {
    const module = modules[(index + round) % modules.length] ?? "";
    const replaced = await fleet.replace(module, to, async () => {
      await confirm();
      await Bun.sleep(TOGETHER_MS);
      await confirm();
    });
    await confirm();
    yield replaced;
  }
}
