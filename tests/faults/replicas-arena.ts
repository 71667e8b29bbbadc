/**
 * Two replicas of the whole platform on one PostgreSQL over TCP, fsync on. A replica that was killed is started again,
 * and so is the server, on its cluster; the other replica must go on meanwhile.
 */
import { tokenOf } from "../journeys/platform.ts";
import type { PlatformProcess } from "../journeys/process.ts";
import { externalShape, type Shape } from "../journeys/shape.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { oneOf } from "../simulation/seed.ts";
import type { Arena } from "./arena.ts";
import { killAll, processOf, untilEnded, victimsBeside } from "./process-tree.ts";
import { PRODUCTS, QUICK_PAYMENTS } from "./single-arena.ts";
import { withSql } from "./with-sql.ts";

/** Starts both. Throws `MissingTool` where PostgreSQL's programs cannot be had. */
export async function startReplicasArena(): Promise<Arena> {
  const server = await startExternalPostgres({ alwaysOwn: true });
  try {
    const shape = await externalShape(server.url, { ...QUICK_PAYMENTS, LOG_LEVEL: "warn" });
    return await onServer(server, shape, await seedCatalogue(shape.databaseUrl(), PRODUCTS));
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function onServer(server: ExternalPostgres, shape: Shape, skus: readonly string[]): Promise<Arena> {
  const replicas: PlatformProcess[] = await Promise.all([shape.start(), shape.start()]);
  const entryOf = ({ pid }: PlatformProcess) => processOf(pid);
  const alive = () => replicas.flatMap((replica) => entryOf(replica) ?? []);

  return {
    kinds: ["replica", "replicas", "server", "backend"],
    skus,
    urls: () => replicas.flatMap((replica) => (entryOf(replica) === undefined ? [] : [replica.url])),
    tokenFor: (customer) => tokenOf(shape.dataDir, "customer", customer),
    operatorToken: () => tokenOf(shape.dataDir, "operator", "judge"),
    async strike(kind, random) {
      const { kill, falls } = victimsBeside(server.pid, alive(), kind, (from) => oneOf(random, from));
      killAll(kill);
      await untilEnded([...kill, ...falls]);
    },
    async mend() {
      if (processOf(server.pid ?? 0) === undefined) await server.restart();
      await Promise.all(
        replicas.map(async (replica, index) => {
          if (entryOf(replica) !== undefined) return;
          await replica.stop();
          replicas[index] = await shape.start();
        }),
      );
    },
    withSql: (work) => withSql(shape.databaseUrl(), work),
    output: () => replicas.map((replica) => replica.output().slice(-1_500)).join("\n"),
    async remove() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await shape.remove();
      await server.stop();
    },
  };
}
