/** The shapes that a test's platform can have: here those of one process, in split-shape.ts those of several. */
import { rm } from "node:fs/promises";
import { removeEmbedded, runningServerUrl } from "../../runtime/database/embedded.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { makeDirectory, makeExternalData } from "./external-data.ts";
import { type Environment, type PlatformProcess, startProcess } from "./process.ts";

export interface Shape {
  readonly dataDir: string;
  /** Starts one more process of the platform, with settings of its own beside the shape's. */
  start(own?: Environment): Promise<PlatformProcess>;
  /** Of the superuser, while a process runs. */
  databaseUrl(): string;
  /** Removes what was made for it. Its processes must have ended. */
  remove(): Promise<void>;
}

/** One process with a PostgreSQL of its own. */
export async function embeddedShape(env: Environment, watching: boolean): Promise<Shape> {
  const dataDir = await makeDirectory();
  return {
    dataDir,
    start: (own) => startProcess(["dev", ...(watching ? [] : ["--no-watch"]), "--data", dataDir], { ...env, ...own }),
    databaseUrl() {
      const url = runningServerUrl(dataDir);
      if (url === null) throw new Error(`no database server runs on ${dataDir}`);
      return url;
    },
    async remove() {
      await removeEmbedded({ dataDir, scheduler, log: () => undefined });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** `serve` on a fresh database of the given server; migrated and with demo data, unless told otherwise. */
export async function externalShape(
  serverUrl: string,
  env: Environment = {},
  options: { readonly migrated?: boolean } = {},
): Promise<Shape> {
  const data = await makeExternalData(serverUrl, env, options);
  return {
    dataDir: data.dataDir,
    start: (own) => startProcess(["serve"], { ...data.settings, ...own }),
    databaseUrl: () => data.url,
    remove: data.remove,
  };
}
