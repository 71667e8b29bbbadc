import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Module } from "../module.ts";
import { StartError } from "../start-error.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { banner, FAREWELL } from "./dev/banner.ts";
import { loadConfigHere, platformFlags, runPlatform } from "./run-platform.ts";

export const help = `dev: start all six modules with demo data, on a PostgreSQL of their own. No account, nothing to install.
In a checkout the application is restarted whenever a file under modules/ or runtime/ is saved; PostgreSQL stays up.

  bun run dev
  bun run dev --port 9090 --data /tmp/demo
  bun run dev --reset

  --port N        public port (PORT, 8080)
  --data DIR      where the data is (DATA_DIR, .data); created when absent
  --reset         removes the database in DIR first; signing keys stay, so tokens printed before stay good
  --no-watch      one process, which no save restarts: for a debugger
  --log-level L   debug, info, warn (default) or error

Ctrl-C stops it; everything that was answered is saved. Exit code 0 after a clean stop, 1 when it could not start.`;

const ROOT = join(import.meta.dir, "..", "..");

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const {
    "no-watch": noWatch,
    supervised,
    reset,
    ...flags
  } = flagsOf(args, { ...platformFlags, reset: "boolean", "no-watch": "boolean", supervised: "boolean" });
  if (supervised && process.send === undefined)
    throw new UsageError("--supervised is for the application that `dev` itself starts: leave it out");
  if (supervised) return (await import("./dev/supervised.ts")).runSupervised(registry, flags);
  const { config } = loadConfigHere(registry, "dev", flags);
  if (reset) refuseResetOfOthers([...config.databaseUrls.values()]);
  const ready = (url: string) => console.log(banner(url, config));
  // The compiled program carries its code in itself: there is no source to watch.
  const hasSource = existsSync(join(ROOT, "modules"));
  const settings = { registry, config, flags, reset: reset === true, ready };
  const code =
    noWatch || !hasSource
      ? await runPlatform({ ...settings, mode: "dev", log: (line) => console.error(line) })
      : await (await import("./dev/supervisor.ts")).runSupervisor({ ...settings, root: ROOT });
  if (code === 0) console.log(FAREWELL);
  return code;
}

function refuseResetOfOthers(urls: readonly (string | null)[]): void {
  if (urls.every((url) => url === null)) return;
  throw new StartError(
    "--reset removes only the database that `dev` brings along, and a database URL is given: unset DATABASE_URL (and <MODULE>_DATABASE_URL), or leave out --reset and empty that database yourself",
  );
}
