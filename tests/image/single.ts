/** All six modules in one container, on a PostgreSQL of its own: from an empty database to its end. */
import { readdir, readFile } from "node:fs/promises";
import type { Check } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { basket } from "../journeys/client.ts";
import { type ExternalData, makeExternalData } from "../journeys/external-data.ts";
import { startOn } from "../journeys/platform.ts";
import { startProcess } from "../journeys/process.ts";
import { residentMb } from "../load/resident.ts";
import type { Containers, RunningContainer } from "./container.ts";

const ORDERS = 5;
const SHUTDOWN_DEADLINE_MS = 9_000;
const DRAIN_MS = 1_500;

/** Gives what it needs of memory, in MB. */
export async function checkSingle(check: Check, containers: Containers, databaseUrl: string): Promise<number> {
  const data = await makeExternalData(
    databaseUrl,
    { NODE_ENV: "development", READINESS_DRAIN_MS: String(DRAIN_MS) },
    { migrated: false },
  );
  try {
    return await checkOn(data, check, containers);
  } finally {
    await data.remove();
  }
}

async function checkOn(data: ExternalData, check: Check, containers: Containers): Promise<number> {
  const refused = await containers.run([], { ...data.settings, NODE_ENV: undefined });
  check(
    "as it is built, the development issuer is refused",
    refused.code === 1 && refused.output.includes("DEVELOPMENT_ISSUER") ? [] : [`${refused.code}: ${refused.output}`],
  );
  const migrated = await containers.run(["migrate"], data.settings);
  check("migrate brings an empty database up to date", migrated.code === 0 ? [] : [migrated.output]);
  // Only `dev` of a checkout brings demo data.
  await (await startProcess(["dev", "--no-watch"], data.settings)).stop();
  let container: RunningContainer | undefined;
  const platform = await startOn({
    dataDir: data.dataDir,
    async start() {
      container = await containers.start([], data.settings);
      return container;
    },
    databaseUrl: () => data.url,
    remove: async () => undefined,
  });
  if (container === undefined) throw new Error("no container has started");
  try {
    const alice = await platform.customer("alice");
    for (let placed = 0; placed < ORDERS; placed++) {
      const order = await alice.place(basket(), { wait: 10 });
      await alice.until(order.id, "FULFILLING");
    }
    check("six modules in one container confirm orders and hand them over to delivery", []);
    check("the process is not root and can never be", await privilegeFaults(container.pid));
    check("it writes nothing: the root is read-only, and /tmp is empty but for the signing key's directory", [
      ...(await rootFaults(container)),
      ...(await temporaryFaults(container.pid, data.dataDir)),
    ]);
    const healthy = await container.exec(["healthcheck"]);
    check("the health check says that it is ready", healthy.code === 0 ? [] : [healthy.output]);
    const resident = residentMb(container.pid, "VmRSS");
    await checkEnd(check, container);
    return resident;
  } catch (error) {
    check("six modules run in one container", [messageOf(error), platform.output().slice(-4_000)]);
    return Number.NaN;
  } finally {
    await platform.stop();
  }
}

async function checkEnd(check: Check, container: RunningContainer): Promise<void> {
  const startedMs = performance.now();
  const ending = container.stop();
  await Bun.sleep(DRAIN_MS / 3);
  const draining = await container.exec(["healthcheck"]);
  check(
    "while it drains the health check says that it is not ready, and why",
    draining.code === 1 && draining.output.includes("shutting down") ? [] : [`${draining.code}: ${draining.output}`],
  );
  const code = await ending;
  const tookMs = performance.now() - startedMs;
  check(
    `SIGTERM ends it with exit code 0 within ${SHUTDOWN_DEADLINE_MS / 1000} s`,
    code === 0 && tookMs < SHUTDOWN_DEADLINE_MS ? [] : [`exit code ${code} after ${tookMs.toFixed(0)} ms`],
  );
}

/** Of the process, as the kernel has it. */
async function privilegeFaults(pid: number): Promise<readonly string[]> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const wanted = {
    Uid: "65532\t65532\t65532\t65532",
    Gid: "65532\t65532\t65532\t65532",
    CapPrm: "0000000000000000",
    CapEff: "0000000000000000",
    CapBnd: "0000000000000000",
    NoNewPrivs: "1",
  };
  return Object.entries(wanted).flatMap(([name, value]) => {
    const [, is] = new RegExp(`^${name}:\\t(.*)$`, "m").exec(status) ?? [];
    return is === value ? [] : [`${name} is ${is}, not ${value}`];
  });
}

/** The first mount is the root. */
async function rootFaults({ pid }: RunningContainer): Promise<readonly string[]> {
  const mounts = await readFile(`/proc/${pid}/mounts`, "utf8");
  const root = mounts.split("\n").find((line) => line.split(" ")[1] === "/");
  return /^\S+ \/ \S+ ro[, ]/.test(root ?? "") ? [] : [`the root is mounted as ${root}`];
}

async function temporaryFaults(pid: number, dataDir: string): Promise<readonly string[]> {
  const names = (await readdir(`/proc/${pid}/root/tmp`)).map((name) => `/tmp/${name}`);
  return names.filter((name) => name !== dataDir).map((name) => `${name} is in /tmp`);
}
