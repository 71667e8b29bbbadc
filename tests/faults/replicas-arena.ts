/**
 * Two replicas of the whole platform on one PostgreSQL over TCP, fsync on. A replica that was killed is started again,
 * and so is the server, on its cluster; the other replica must go on meanwhile.
 */
import postgres from "postgres";
import { externalShape, type Shape, tokenOf } from "../journeys/platform.ts";
import type { PlatformProcess } from "../journeys/process.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { oneOf } from "../simulation/seed.ts";
import type { Arena } from "./arena.ts";
import { descendantsOf, isBackend, killAll, type ProcessEntry, processOf, untilEnded } from "./process-tree.ts";
import { PRODUCTS, QUICK_PAYMENTS } from "./single-arena.ts";

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

  function victims(kind: string, random: Parameters<Arena["strike"]>[1]) {
    const postmaster = processOf(server.pid ?? 0);
    const running = alive();
    const all = postmaster === undefined ? [] : descendantsOf(postmaster.pid);
    const backends = all.filter(({ command }) => isBackend(command));
    const chosen = (from: readonly ProcessEntry[]) => (from.length === 0 ? [] : [oneOf(random, from)]);
    switch (kind) {
      case "replica":
        return { kill: chosen(running), falls: [] };
      case "replicas":
        return { kill: running, falls: [] };
      case "server":
        return { kill: postmaster === undefined ? [] : [postmaster], falls: all };
      case "backend":
        return { kill: chosen(backends), falls: backends };
      default:
        throw new Error(`no kind of kill ${kind}`);
    }
  }

  return {
    kinds: ["replica", "replicas", "server", "backend"],
    skus,
    urls: () => replicas.flatMap((replica) => (entryOf(replica) === undefined ? [] : [replica.url])),
    tokenFor: (customer) => tokenOf(shape.dataDir, "customer", customer),
    operatorToken: () => tokenOf(shape.dataDir, "operator", "judge"),
    async strike(kind, random) {
      const { kill, falls } = victims(kind, random);
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
    async withSql(work) {
      const sql = postgres(shape.databaseUrl(), { max: 1, onnotice: () => undefined });
      try {
        return await work(sql);
      } finally {
        await sql.end({ timeout: 5 });
      }
    },
    output: () => replicas.map((replica) => replica.output().slice(-1_500)).join("\n"),
    async remove() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await shape.remove();
      await server.stop();
    },
  };
}
