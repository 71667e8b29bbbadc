/**
 * Orders under way all the time while the platform is rolled between the release before and this one, forward and back,
 * on one database, one broker and one Redis. It begins as a release does: the release before runs on its own schema, and
 * this one's `migrate` and `topics` are run under it.
 *
 * No request may fail, by what a client sees behind a balancer. In the end every order must have ended right, nothing may
 * be parked, and no process may have missed a message of another.
 */
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { startBuyers } from "../faults/buyers.ts";
import { judgeSettled } from "../faults/judgement.ts";
import { withSql } from "../faults/with-sql.ts";
import { createClient } from "../journeys/client.ts";
import { makeExternalData } from "../journeys/external-data.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type Environment, runCommand, startProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { openTopologyServers } from "../provision/topology-servers.ts";
import { type Fleet, type Replacement, startFleet } from "./fleet.ts";
import { type Program, previousProgram, thisProgram } from "./previous.ts";

export interface RollingOptions {
  /** A round replaces the processes of all modules: forward, and in the next back. */
  readonly rounds: number;
  readonly seed: number;
  readonly buyers: number;
  readonly progress: (line: string) => void;
}

export interface Rolling {
  readonly replacements: readonly Replacement[];
  readonly requests: number;
  readonly failedRequests: number;
  readonly orders: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

const ORDER_PAUSE_MS = 120;
const PRODUCTS = 20;
const CONFIRM_LIMIT_MS = 30_000;
const TOGETHER_MS = 500;
const SETTLED_MS = 40_000;
/** What does not mend itself, a message that is missing or parked among it: none of it belongs to a release. */
const ALARM = /"level":"error"/;

async function runOf(program: Program, command: string, env: Environment, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await runCommand([command, ...args], env, program.checkout, program.entry);
  if (code !== 0) throw new Error(`${command} of ${program.version} failed:\n${stdout}${stderr}`);
}

/** Rolls a platform of its own. Throws `MissingTool` where a server's programs cannot be had. */
export async function roll(options: RollingOptions): Promise<Rolling> {
  const [previous, now] = [await previousProgram(), thisProgram()];
  const servers = openTopologyServers();
  try {
    const { DATABASE_URL: databaseUrl = "", ...more } = await servers.settingsFor(["postgres", "redis", "kafka"]);
    const settings = { ...more, KAFKA_PREFIX: `rolling-${crypto.randomUUID().slice(0, 8)}.` };
    const env = { ...settings, PAYMENT_ANSWER_TIMEOUT_MS: "1500", LOG_FORMAT: "json" };
    const data = await makeExternalData(databaseUrl, env, { migrated: false });
    try {
      await runOf(previous, "migrate", data.settings);
      await runOf(previous, "topics", data.settings, "--partitions", "4");
      // Only `dev` brings demo data.
      const inOne = { ...data.settings, KAFKA_BROKERS: undefined };
      await (await startProcess(["dev", "--no-watch"], inOne, previous.checkout, previous.entry)).stop();
      const skus = await seedCatalogue(data.url, PRODUCTS);
      const fleet = await startFleet(previous, data.settings);
      try {
        return await rollUnderLoad({ ...options, fleet, data, skus, previous, now });
      } finally {
        await fleet.stop();
      }
    } finally {
      await data.remove();
    }
  } finally {
    await servers.stop();
  }
}

interface UnderLoad extends RollingOptions {
  readonly fleet: Fleet;
  readonly data: { readonly url: string; readonly dataDir: string; readonly settings: Environment };
  readonly skus: readonly string[];
  readonly previous: Program;
  readonly now: Program;
}

async function rollUnderLoad({ fleet, data, skus, previous, now, ...options }: UnderLoad): Promise<Rolling> {
  const buyers = await startBuyers({
    seed: options.seed,
    buyers: options.buyers,
    pauseMs: ORDER_PAUSE_MS,
    skus: [...skus, "SKU-001", "SKU-002"],
    urls: () => [fleet.url],
    tokenFor: (customer) => tokenOf(data.dataDir, "customer", customer),
  });
  const replacements: Replacement[] = [];
  const violations: string[] = [];
  const confirm = async () => void (await buyers.confirm(CONFIRM_LIMIT_MS));
  /** Both releases of a module at work, on requests, on messages and for each other. */
  const together = async () => {
    await confirm();
    await Bun.sleep(TOGETHER_MS);
    await confirm();
  };
  try {
    await confirm();
    await runOf(now, "migrate", data.settings);
    await runOf(now, "topics", data.settings, "--partitions", "4");
    await confirm();
    for (let round = 1; round <= options.rounds; round++) {
      const to = round % 2 === 1 ? now : previous;
      const modules = Object.keys(fleet.releases());
      // Each round begins with another module, so that each is the odd one out now and then.
      const order = modules.map((_, index) => modules[(index + round) % modules.length] ?? "");
      for (const module of order) {
        const replaced = await fleet.replace(module, to, together);
        replacements.push(replaced);
        await confirm();
        const { exitCode, exitMs } = replaced;
        if (exitCode !== 0) violations.push(`${module} of ${replaced.from} ended with exit code ${exitCode}`);
        options.progress(
          `round ${round} of ${options.rounds}: ${module} from ${replaced.from} to ${to.version}, ended after ${exitMs.toFixed(0)} ms, ` +
            `${buyers.counts.requests} requests, ${failedOf(buyers)} failed`,
        );
      }
    }
  } catch (error) {
    violations.push(`broke off: ${String(error)}\n${fleet.output().slice(-3_000)}`);
  }
  await buyers.stop();
  const judged = await withSql(data.url, (sql) => judgeSettled(sql, buyers.placed, SETTLED_MS));
  const alarms = fleet
    .output()
    .split("\n")
    .filter((line) => ALARM.test(line));
  return {
    replacements,
    requests: buyers.counts.requests,
    failedRequests: failedOf(buyers),
    orders: judged.orders,
    outcomes: judged.outcomes,
    violations: [
      ...violations,
      ...buyers.complaints,
      ...judged.violations,
      ...alarms.map((line) => `alarm: ${line}`),
      ...(await reconciled(fleet.url, await tokenOf(data.dataDir, "operator", "judge"))),
    ],
  };
}

const failedOf = ({ counts }: { readonly counts: { readonly unanswered: number; readonly unavailable: number } }) =>
  counts.unanswered + counts.unavailable;

/** What the platform itself finds in its books. */
async function reconciled(url: string, token: string): Promise<string[]> {
  const answer = await createClient(url, token).send({ method: "GET", path: "/api/v1/ops/reconcile" });
  if (answer.status !== 200) return [`reconcile answered ${answer.status}: ${answer.text.slice(0, 300)}`];
  const { violations } = reconciliationSchema.parse(JSON.parse(answer.text));
  return violations.map(({ invariant, subject, detail }) => `reconcile: ${invariant}, ${subject}: ${detail}`);
}
