import { join } from "node:path";
import { build } from "../build-info.ts";
import type { PlatformConfig } from "../config/settings.ts";
import { hasArchive } from "../database/embedded/archive.ts";
import type { Module } from "../module.ts";
import { StartError } from "../start-error.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { banner, FAREWELL } from "./dev/banner.ts";
import { openBrowser } from "./open-browser.ts";
import { openOutput, openPlatformLog } from "./process-log.ts";
import { loadConfigHere, type PlatformFlags, platformFlags, runPlatform } from "./run-platform.ts";

export const help = `dev: start all six modules with demo data, on a PostgreSQL of their own. No account, nothing to install.
In a checkout the application is restarted whenever a file under modules/ or runtime/ is saved; PostgreSQL stays up.

  bun run dev
  bun run dev --port 9090 --data /tmp/demo
  bun run dev --reset
  bun run dev --split --group order,payment --group pricing,inventory

  --port N        public port (PORT, 8080)
  --data DIR      where the data is (DATA_DIR, .data); created when absent
  --reset         removes database and messages in DIR first; signing keys stay, so tokens printed before stay good
  --open          opens it in the browser when it is ready
  --no-watch      no save restarts anything: for a debugger
  --log-level L   debug, info, warn (default) or error
  --log-format F  text, json, or auto (default): text on a terminal, else JSON (docs/logs.md)

  --split         as in a cluster: each module is a process, on Kafka and Redis (downloaded once, with Maven and apt),
                  behind one gateway that routes by path. A save restarts the processes that run what was saved.
  --group LIST    with --split: modules that share a process, by commas; may be given several times. A module in no
                  group has a process of its own

With --split, DATABASE_URL, KAFKA_BROKERS and REDIS_URL are used instead of servers of our own where they are given.
Messages are kept in DIR/kafka: what was under way between processes goes on at the next start with --split, and waits
for it when \`dev\` without --split comes first, which says so.

Ctrl-C stops it; everything that was answered is saved. Exit code 0 after a clean stop, 1 when it could not start.`;

const ROOT = join(import.meta.dir, "..", "..");

export const flags = {
  ...platformFlags,
  reset: "boolean",
  open: "boolean",
  "no-watch": "boolean",
  split: "boolean",
  group: "strings",
} as const;

/** Of the processes that it starts. */
const CHILD_FLAGS = { supervised: "boolean", gateway: "boolean" } as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const {
    "no-watch": noWatch,
    reset = false,
    open = false,
    split = false,
    group,
    supervised,
    gateway,
    ...settings
  } = flagsOf(args, { ...flags, ...CHILD_FLAGS });
  for (const [name, given] of Object.entries({ supervised, gateway }))
    if (given && process.send === undefined)
      throw new UsageError(`--${name} is for the application that \`dev\` itself starts: leave it out`);
  if (gateway) return (await import("./dev/split/gateway-process.ts")).runGateway();
  if (supervised) return (await import("./dev/supervised.ts")).runSupervisedPlatform(registry, settings);
  if (group !== undefined && !split)
    throw new UsageError("--group is for --split: bun run dev --split --group order,payment");
  if (build !== null && !hasArchive())
    throw new StartError(
      "This executable is for a cluster: `serve` runs it on databases that it is given. `dev`, with demo data and a database of its own, is in the executable `genai-demo`",
    );
  // An executable carries its code in itself: there is no source to watch.
  const watches = !noWatch && build === null;
  const dev = { registry, flags: settings, reset, watches, open };
  const code = split ? await runSplit({ ...dev, group }) : await runWhole(dev);
  if (code === 0) console.log(FAREWELL);
  return code;
}

const tell = (line: string) => console.error(line);

interface DevSettings {
  readonly registry: readonly Module[];
  readonly flags: PlatformFlags;
  readonly reset: boolean;
  readonly watches: boolean;
  /** In the browser, when it is ready. */
  readonly open: boolean;
}

async function runWhole({ watches, open, ...settings }: DevSettings): Promise<number> {
  const { config } = await loadConfigHere(settings.registry, "dev", settings.flags);
  if (settings.reset) await beginAfresh(config, []);
  const { underWayIn } = await import("./dev/split/under-way.ts");
  const ready = (url: string) => {
    console.log(banner(url, config));
    if (open) void openBrowser(url, tell);
    const place = underWayIn(config.dataDir);
    if (place !== null)
      console.error(
        `  ORDERS MAY BE UNDER WAY in ${place}, of \`dev --split\`: they wait until it runs again on this data (or --reset begins afresh)`,
      );
  };
  return watches
    ? (await import("./dev/supervisor.ts")).runSupervisor({ ...settings, config, ready, root: ROOT })
    : runPlatform({
        ...settings,
        config,
        local: true,
        ready,
        log: openPlatformLog(openOutput(process.stderr), config),
      });
}

/** What `--split` decides by itself. */
const OF_ONE_PROCESS = ["modules", "transport", "edge", "internal-port"] as const;

async function runSplit({
  registry,
  flags: given,
  group = [],
  open,
  ...settings
}: DevSettings & { readonly group: readonly string[] | undefined }): Promise<number> {
  for (const name of OF_ONE_PROCESS)
    if (given[name] !== undefined)
      throw new UsageError(`--${name} is for one process: with --split, --group says which modules run together`);
  const { groupsOf } = await import("./dev/split/groups.ts");
  const groups = groupsOf(
    group,
    registry.map(({ name }) => name),
  );
  const { config } = await loadConfigHere(registry, "dev", { ...given, modules: "all", transport: "inprocess" });
  if (build !== null && (config.kafkaBrokers === null || config.redisUrl === null))
    throw new StartError(
      "--split starts Kafka and Redis with what is in a checkout of the source: run it there, or set KAFKA_BROKERS and REDIS_URL to servers that run",
    );
  if (settings.reset) await beginAfresh(config, config.kafkaBrokers ?? []);
  const ready = (url: string, more: string) => {
    console.log(banner(url, config, more));
    if (open) void openBrowser(url, tell);
  };
  return (await import("./dev/split/split.ts")).runSplit({ ...settings, root: ROOT, registry, config, groups, ready });
}

async function beginAfresh(config: PlatformConfig<string>, kafkaBrokers: readonly string[]): Promise<void> {
  if ([...config.databaseUrls.values()].some((url) => url !== null))
    throw new StartError(
      "--reset removes only the database that `dev` brings along, and a database URL is given: unset DATABASE_URL (and <MODULE>_DATABASE_URL), or leave out --reset and empty that database yourself",
    );
  if (kafkaBrokers.length > 0)
    throw new StartError(
      "--reset removes only the messages that `dev` keeps itself, and KAFKA_BROKERS is given: unset it, or leave out --reset and empty those topics yourself",
    );
  await (await import("./dev/split/own-servers.ts")).removeMessages(config.dataDir);
}
