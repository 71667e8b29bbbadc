/**
 * Keeps the application running while its source changes under it.
 *
 * After a save the old application ends while the new one loads its code. One that cannot start after a save has said
 * why and is left until the next save. One that ends by itself is started again at once, and with growing pauses when
 * it ends again soon. The very first start is different: when it fails, so does the command. It resolves with the exit
 * code, with no application left.
 */
import type { Clock } from "../../clock.ts";
import type { Scheduler } from "../../scheduler.ts";
import { StartError } from "../../start-error.ts";
import type { Application, Ending } from "./application.ts";
import type { Save, Saves } from "./saves.ts";

interface SuperviseSettings {
  readonly spawn: () => Application;
  /** What the application needs in its environment; resolves when all of it is there. Nothing starts before. */
  readonly environment: Promise<Readonly<Record<string, string>>>;
  readonly saves: Saves;
  /** Resolves when all is to end. */
  readonly stopped: Promise<unknown>;
  readonly tell: (occurrence: Occurrence) => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** How long an old application may take to end when another one takes its place. */
  readonly handOverLimitMs: number;
  /** How long the last application may take to end. */
  readonly stopLimitMs: number;
}

export type Occurrence =
  /** The first application is up. */
  | { readonly kind: "ready"; readonly url: string }
  /** One with what was saved is up, so long after the save. */
  | { readonly kind: "restarted"; readonly files: readonly string[]; readonly tookMs: number }
  | { readonly kind: "ended"; readonly ending: Ending; readonly pauseMs: number }
  /** One that had ended by itself is up again. */
  | { readonly kind: "back" }
  /** What was saved does not start, and has said why. */
  | { readonly kind: "refused" };

/** A restart waits for nobody: requests that hold their answer (`Prefer: wait`) are answered as their order stands. */
const REQUESTS_DEADLINE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 250;
/** An application that ran for this long and ends is not one that cannot run. */
const STEADY_MS = 10_000;

type Cause = { readonly kind: "first" } | { readonly kind: "ended" } | ({ readonly kind: "saved" } & Save);
type Event =
  | { readonly kind: "ended"; readonly ending: Ending }
  | { readonly kind: "saved" }
  | { readonly kind: "stop" };

/** What the next application is started with. */
interface Turn {
  readonly cause: Cause;
  /** The one that it takes the place of. */
  readonly old: Application | null;
  /** How many before it ended by themselves, without having run for long. */
  readonly endings: number;
  /** One before it has been ready. */
  readonly hasRun: boolean;
}

/** Runs until it is stopped, or the first start fails. */
export async function supervise(settings: SuperviseSettings): Promise<number> {
  let turn: Turn | number = { cause: { kind: "first" }, old: null, endings: 0, hasRun: false };
  while (typeof turn !== "number") turn = await takeTurn(settings, turn);
  return turn;
}

/** One application from its start to what ends it: the next turn, or the exit code of all. */
async function takeTurn(settings: SuperviseSettings, turn: Turn): Promise<Turn | number> {
  const { clock, saves } = settings;
  const application = await begin(settings, turn.old);
  const events = [
    // First: a signal for the whole group can end an application that is still loading as well.
    settings.stopped.then((): Event => ({ kind: "stop" })),
    application.ended.then((ending): Event => ({ kind: "ended", ending })),
    saves.some().then((): Event => ({ kind: "saved" })),
  ];
  const readyUrl = await Promise.race([application.ready, ...events.map((event) => event.then(() => null))]);
  const sinceMs = clock.now();
  if (readyUrl !== null) announce(turn, readyUrl, settings);
  const hasRun = turn.hasRun || readyUrl !== null;
  const event = await Promise.race(events);
  switch (event.kind) {
    case "saved":
      return afterSave(settings, application, hasRun);
    case "stop": {
      const { code } = await application.stop({ killAfterMs: settings.stopLimitMs });
      return readyUrl === null || code === 0 ? 0 : 1;
    }
    case "ended": {
      if (readyUrl === null && turn.cause.kind === "first") return refuseStart(event.ending);
      const isRefusal = readyUrl === null && turn.cause.kind === "saved" && event.ending.signal === null;
      if (isRefusal) return awaitSave(settings, hasRun);
      const wasSteady = readyUrl !== null && clock.now() - sinceMs >= STEADY_MS;
      return startAgain(settings, event.ending, { ...turn, endings: wasSteady ? 0 : turn.endings, hasRun });
    }
  }
}

const afterSave = ({ saves }: SuperviseSettings, old: Application | null, hasRun: boolean): Turn => ({
  cause: { kind: "saved", ...saves.take() },
  old,
  endings: 0,
  hasRun,
});

/** The application has said why it does not start, unless it had no time to. */
function refuseStart({ code, signal }: Ending): number {
  if (signal === null) return code || 1;
  throw new StartError(`The application was ended by ${signal} while it started: start \`dev\` again`);
}

/** The new application loads its code while the old one ends. It is not started when all is to end before that. */
async function begin(settings: SuperviseSettings, old: Application | null): Promise<Application> {
  const application = settings.spawn();
  const limits = { requestsDeadlineMs: REQUESTS_DEADLINE_MS, killAfterMs: settings.handOverLimitMs };
  try {
    await old?.stop(limits);
    const environment = await Promise.race([settings.environment, settings.stopped.then(() => null)]);
    if (environment !== null) application.start(environment);
    return application;
  } catch (error) {
    await application.stop(limits);
    throw error;
  }
}

async function startAgain(settings: SuperviseSettings, ending: Ending, turn: Turn): Promise<Turn | number> {
  const { saves, tell, scheduler, stopped } = settings;
  const { endings, hasRun } = turn;
  const pauseMs = endings === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (endings - 1));
  tell({ kind: "ended", ending, pauseMs });
  const outcome = await Promise.race([
    scheduler.sleep(pauseMs).then(() => "paused" as const),
    saves.some().then(() => "saved" as const),
    stopped.then(() => "stop" as const),
  ]);
  if (outcome === "stop") return 0;
  if (outcome === "saved") return afterSave(settings, null, hasRun);
  return { cause: { kind: "ended" }, old: null, endings: endings + 1, hasRun };
}

async function awaitSave(settings: SuperviseSettings, hasRun: boolean): Promise<Turn | number> {
  settings.tell({ kind: "refused" });
  const isStopped = await Promise.race([settings.saves.some().then(() => false), settings.stopped.then(() => true)]);
  return isStopped ? 0 : afterSave(settings, null, hasRun);
}

function announce({ cause, hasRun }: Turn, url: string, { tell, clock }: SuperviseSettings): void {
  if (!hasRun) tell({ kind: "ready", url });
  else if (cause.kind === "ended") tell({ kind: "back" });
  else if (cause.kind === "saved") tell({ kind: "restarted", files: cause.files, tookMs: clock.now() - cause.sinceMs });
}
