/**
 * `dev --split`: the same code as several processes, as in a cluster, on one machine. This process holds the data
 * directory and the servers; each group of modules is an application under a supervisor of its own (`supervise.ts`), and
 * a gateway routes by path in front of them.
 *
 * However it ends, nothing is left: on a stop signal the processes end in order, then the gateway, Kafka, Redis and
 * PostgreSQL; when this process is killed, the applications notice by their closed pipes and the servers by their
 * guards. When one process cannot start, all end.
 */
import { resolve } from "node:path";
import { systemClock as clock } from "../../../clock.ts";
import type { PlatformConfig } from "../../../config/settings.ts";
import type { Module } from "../../../module.ts";
import { systemScheduler as scheduler } from "../../../scheduler.ts";
import { formatOn, openOutput, openPlatformLog } from "../../process-log.ts";
import { type PlatformFlags, stopSignal } from "../../run-platform.ts";
import { mayColour } from "../../terminal.ts";
import { type Application, spawnApplication, supervisedCommand } from "../application.ts";
import { createNotedApplications } from "../noted-applications.ts";
import { endOrphans } from "../orphans.ts";
import { type Saves, watchSaves } from "../saves.ts";
import { supervise } from "../supervise.ts";
import { inWords } from "../words.ts";
import { GATEWAY_ENV, gatewayEnvironment } from "./gateway-process.ts";
import { divideSaves } from "./group-saves.ts";
import { createGroupState } from "./group-state.ts";
import type { Group } from "./groups.ts";
import { environmentOf, flagsOf, gatewayPlan, placeMembers } from "./members.ts";
import { overview } from "./overview.ts";
import { endDownloads, messagesIn } from "./own-servers.ts";
import { refuseTakenPort } from "./server-port.ts";
import { startServers } from "./servers.ts";
import { noteUnderWay } from "./under-way.ts";
import { untilHealthy } from "./until-healthy.ts";

interface SplitSettings {
  /** The checkout. */
  readonly root: string;
  readonly registry: readonly Module[];
  /** As of one process with all modules: the gateway's port, the data, servers that are given. */
  readonly config: PlatformConfig<string>;
  readonly groups: readonly Group[];
  readonly reset: boolean;
  /** Whether saves restart what they concern. */
  readonly watches: boolean;
  /** Everything is up; `more` says what runs where. */
  readonly ready: (url: string, more: string) => void;
}

/** One that leaves its consumer groups in order is not missed by the brokers for seconds. */
const HAND_OVER_LIMIT_MS = 2_000;
const STOP_MARGIN_MS = 500;

/** Runs until a stop signal, or until a first start has failed; resolves with the exit code. */
export async function runSplit(settings: SplitSettings): Promise<number> {
  const { root, registry, config, groups } = settings;
  const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
  const stopped = Promise.race([stopSignal(), failed]);
  const dataDir = resolve(config.dataDir);
  // Not by the console, which colours what it writes to a terminal.
  const write = (line: string) => void process.stderr.write(`${line}\n`);
  const say = (line: string) => write(`  ${line}`);
  const coloured = mayColour(process.stderr, process.env);
  const { log, end: endLog } = openPlatformLog(openOutput(process.stderr), config);
  // The processes write to pipes, and their lines come out here.
  const format = { "log-level": config.logLevel, "log-format": formatOn(config.logFormat, process.stderr) };
  const colours = coloured ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  const state = createGroupState({ groups, clock, coloured, write, say });
  const noted = createNotedApplications(dataDir);
  const saves = settings.watches ? watchCheckout(root, say) : NO_SAVES;
  const views = divideSaves({ saves, groups, isUp: state.isUp, onSave: state.saved });

  const servers = startServers({
    registry,
    config,
    dataDir,
    reset: settings.reset,
    scheduler,
    log,
    say,
    async first(isOurs) {
      if (isOurs) {
        await endOrphans(dataDir, scheduler, say);
        noted.begin();
      }
      await refuseTakenPort(config.host, config.port);
      say(`starting PostgreSQL, Kafka, Redis, and ${counted(groups.length)} on them …`);
    },
  });
  // Only now: what takes seconds is over, and a port that is free is not taken by somebody else meanwhile.
  const placed = servers.then(() => placeMembers(groups));
  const limits = { handOverLimitMs: HAND_OVER_LIMIT_MS, stopLimitMs: config.shutdownDeadlineMs + STOP_MARGIN_MS };
  const common = { clock, scheduler, ...limits };

  function spawn(flags: PlatformFlags, line: (line: string) => void, env = {}): Application {
    const command = supervisedCommand(root, { ...flags, data: dataDir });
    const application = spawnApplication({ command, scheduler, line, env });
    noted.add(application);
    return application;
  }

  async function environmentIn(group: Group) {
    const [{ environment }, members] = await Promise.all([servers, placed]);
    return { ...environment, ...environmentOf(group, members) };
  }

  function runGroup(group: Group): Promise<number> {
    return supervise({
      ...common,
      spawn() {
        const application = spawn({ ...flagsOf(group), ...format }, (line) => state.line(group, line), colours);
        return {
          ...application,
          ready: application.ready.then((url) => untilHealthy(url, application.ended)),
          start(environment) {
            noteUnderWay(dataDir, config.kafkaBrokers?.join(",") ?? messagesIn(dataDir));
            application.start(environment);
          },
        };
      },
      environment: environmentIn(group),
      saves: views.get(group) ?? NO_SAVES,
      stopped,
      tell: (occurrence) => state.happened(group, occurrence),
    });
  }

  const running = groups.map(runGroup);
  const ended = Promise.allSettled(running);
  const gateway = supervise({
    ...common,
    spawn: () => spawn({ gateway: true }, write, GATEWAY_ENV),
    environment: state.allUp.then(async () => gatewayEnvironment(gatewayPlan(await placed, registry, config))),
    saves: NO_SAVES,
    stopped: ended,
    async tell(occurrence) {
      if (occurrence.kind === "ready") settings.ready(occurrence.url, overview(config, await placed, await servers));
      else say(`the gateway: ${inWords(occurrence)}`);
    },
  });
  try {
    for (const part of [...running, gateway])
      part.then(
        () => fail(),
        () => fail(),
      );
    return codeOf(await Promise.allSettled([...running, gateway]));
  } finally {
    saves.close();
    await endDownloads();
    await servers.then(
      ({ stop }) => stop(),
      () => undefined,
    );
    await endLog();
  }
}

/** The first error is thrown; else the first code that is not 0 counts. */
function codeOf(results: readonly PromiseSettledResult<number>[]): number {
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])).find(Boolean) ?? 0;
}

const counted = (processes: number) => (processes === 1 ? "one process" : `${processes} processes`);

const watchCheckout = (root: string, say: (line: string) => void): Saves =>
  watchSaves({
    root,
    folders: ["modules", "runtime"],
    clock,
    scheduler,
    onFault: (reason) => say(`saves are no longer seen (${reason}): start \`dev\` again`),
  });

const NO_SAVES: Saves = {
  some: () => new Promise(() => undefined),
  take: () => ({ files: [], sinceMs: 0 }),
  close: () => undefined,
};
