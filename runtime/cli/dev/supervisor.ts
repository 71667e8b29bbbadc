/**
 * `dev` in a checkout: one process holds the data directory and its PostgreSQL, and runs the application as a child
 * that is replaced on every save (`supervise.ts`).
 *
 * However it ends, nothing is left: on a stop signal application and server end in order; when it is killed, the
 * application notices by its closed pipe and the server by its guard.
 */
import { resolve } from "node:path";
import { systemClock as clock } from "../../clock.ts";
import type { PlatformConfig } from "../../config/settings.ts";
import { type EmbeddedServer, startEmbedded } from "../../database/embedded.ts";
import { systemScheduler as scheduler } from "../../scheduler.ts";
import { openOutput, openPlatformLog } from "../process-log.ts";
import { type PlatformFlags, stopSignal } from "../run-platform.ts";
import { type Application, spawnApplication, supervisedCommand } from "./application.ts";
import { createNotedApplications } from "./noted-applications.ts";
import { endOrphans } from "./orphans.ts";
import { watchSaves } from "./saves.ts";
import { supervise } from "./supervise.ts";
import { inWords } from "./words.ts";

const HAND_OVER_LIMIT_MS = 700;
const STOP_MARGIN_MS = 500;

interface SupervisorSettings {
  /** The checkout. */
  readonly root: string;
  readonly config: PlatformConfig<string>;
  readonly flags: PlatformFlags;
  readonly reset: boolean;
  readonly ready: (url: string) => void;
}

/** Runs until a stop signal, or until the first start has failed; resolves with the exit code. */
export async function runSupervisor({ root, config, flags, reset, ready }: SupervisorSettings): Promise<number> {
  const stopped = stopSignal();
  const say = (line: string) => console.error(`  ${line}`);
  const { log, end } = openPlatformLog(openOutput(process.stderr), config);
  const dataDir = resolve(config.dataDir);
  const saves = watchSaves({
    root,
    folders: ["modules", "runtime"],
    clock,
    scheduler,
    onFault: (reason) => say(`saves are no longer seen (${reason}): start \`dev\` again`),
  });
  const noted = createNotedApplications(dataDir);
  const command = supervisedCommand(root, { ...flags, data: dataDir });

  function spawn(): Application {
    const application = spawnApplication({ command, scheduler });
    noted.add(application);
    return application;
  }

  /** The application finds the server by its URL, and may take what an earlier one left: nobody else starts any. */
  async function environmentOf({ url }: EmbeddedServer) {
    await endOrphans(dataDir, scheduler, say);
    noted.begin();
    return { DATABASE_URL: url, EXCLUSIVE_DATABASE: "true" };
  }

  const needsServer = [...config.databaseUrls.values()].includes(null);
  const server = needsServer
    ? startEmbedded({
        dataDir,
        scheduler,
        reset,
        log: (message) => log("info", "start", { message }),
        alarm: (message) => log("error", "database.server", { message }),
      })
    : null;
  try {
    return await supervise({
      spawn,
      environment: server === null ? Promise.resolve({}) : server.then(environmentOf),
      saves,
      stopped,
      tell: (occurrence) => (occurrence.kind === "ready" ? ready(occurrence.url) : say(inWords(occurrence))),
      clock,
      scheduler,
      handOverLimitMs: HAND_OVER_LIMIT_MS,
      stopLimitMs: config.shutdownDeadlineMs + STOP_MARGIN_MS,
    });
  } finally {
    saves.close();
    await server?.then(
      ({ stop }) => stop(),
      () => undefined,
    );
    await end();
  }
}
