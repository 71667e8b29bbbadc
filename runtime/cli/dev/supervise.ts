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
import type { Application, Ending } from "./application.ts";
import type { Save, Saves } from "./saves.ts";

export interface SuperviseSettings {
  readonly spawn: () => Application;
  /** What the application needs in its environment; resolves when all of it is there. */
  readonly environment: Promise<Readonly<Record<string, string>>>;
  readonly saves: Saves;
  /** Resolves when all is to end. */
  readonly stopped: Promise<unknown>;
  /** The first application is up. */
  readonly ready: (url: string) => void;
  readonly say: (line: string) => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** How long the last application may take to end. */
  readonly stopLimitMs: number;
}

/** A restart does not wait for requests that hold their answer (`Prefer: wait`): what they ask for is committed. */
const RESTART_LIMITS = { requestsDeadlineMs: 100, killAfterMs: 700 };
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 250;
/** An application that ran for this long and ends is not one that cannot run. */
const STEADY_MS = 10_000;

type Cause = { readonly kind: "first" } | { readonly kind: "ended" } | ({ readonly kind: "saved" } & Save);
type Event =
  | { readonly kind: "ended"; readonly ending: Ending }
  | { readonly kind: "saved" }
  | { readonly kind: "stop" };

/** Why the next application is started, after which one, and how many before it ended by themselves. */
interface Turn {
  readonly cause: Cause;
  readonly old: Application | null;
  readonly endings: number;
}

/** Runs until it is stopped, or the first start fails. */
export async function supervise(settings: SuperviseSettings): Promise<number> {
  let turn: Turn | number = { cause: { kind: "first" }, old: null, endings: 0 };
  while (typeof turn !== "number") turn = await takeTurn(settings, turn);
  return turn;
}

/** One application from its start to what ends it: the next turn, or the exit code of all. */
async function takeTurn(settings: SuperviseSettings, turn: Turn): Promise<Turn | number> {
  const { clock, saves } = settings;
  const application = await begin(settings, turn.old);
  const events = [
    application.ended.then((ending): Event => ({ kind: "ended", ending })),
    saves.some().then((): Event => ({ kind: "saved" })),
    settings.stopped.then((): Event => ({ kind: "stop" })),
  ];
  const readyUrl = await Promise.race([application.ready, ...events.map((event) => event.then(() => null))]);
  const sinceMs = clock.now();
  if (readyUrl !== null) announce(turn.cause, readyUrl, settings);
  const event = await Promise.race(events);
  switch (event.kind) {
    case "saved":
      return { cause: { kind: "saved", ...saves.take() }, old: application, endings: 0 };
    case "stop": {
      const { code } = await application.stop({ killAfterMs: settings.stopLimitMs });
      return readyUrl === null || code === 0 ? 0 : 1;
    }
    case "ended": {
      if (readyUrl !== null) {
        const endings = clock.now() - sinceMs >= STEADY_MS ? 0 : turn.endings;
        return startAgain(settings, event.ending, endings);
      }
      if (turn.cause.kind === "first") return event.ending.code || 1;
      const isRefusal = turn.cause.kind === "saved" && event.ending.signal === null;
      return isRefusal ? awaitSave(settings) : startAgain(settings, event.ending, turn.endings);
    }
  }
}

/** The new application loads its code while the old one ends. */
async function begin(settings: SuperviseSettings, old: Application | null): Promise<Application> {
  const application = settings.spawn();
  try {
    await old?.stop(RESTART_LIMITS);
    application.start(await settings.environment);
    return application;
  } catch (error) {
    await application.stop(RESTART_LIMITS);
    throw error;
  }
}

async function startAgain(settings: SuperviseSettings, ending: Ending, endings: number): Promise<Turn | number> {
  const { saves, say, scheduler, stopped } = settings;
  const pauseMs = endings === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (endings - 1));
  const when = pauseMs === 0 ? "at once" : `in ${pauseMs} ms`;
  const how = ending.signal ?? `exit code ${ending.code}`;
  say(`THE APPLICATION ENDED BY ITSELF (${how}): it is started again ${when}`);
  const outcome = await Promise.race([
    scheduler.sleep(pauseMs).then((): Turn => ({ cause: { kind: "ended" }, old: null, endings: endings + 1 })),
    saves.some().then(() => "saved" as const),
    stopped.then(() => 0),
  ]);
  return outcome === "saved" ? { cause: { kind: "saved", ...saves.take() }, old: null, endings: 0 } : outcome;
}

async function awaitSave({ saves, say, stopped }: SuperviseSettings): Promise<Turn | number> {
  say("it did not start; the next save starts it again");
  const isStopped = await Promise.race([saves.some().then(() => false), stopped.then(() => true)]);
  return isStopped ? 0 : { cause: { kind: "saved", ...saves.take() }, old: null, endings: 0 };
}

function announce(cause: Cause, url: string, { ready, say, clock }: SuperviseSettings): void {
  if (cause.kind === "first") ready(url);
  else if (cause.kind === "ended") say("the application runs again");
  else say(`restarted in ${clock.now() - cause.sinceMs} ms: ${named(cause.files)}`);
}

const NAMED_FILES = 3;
const named = (files: readonly string[]) => {
  const shown = files.slice(0, NAMED_FILES).join(", ");
  return files.length <= NAMED_FILES ? shown : `${shown} and ${files.length - NAMED_FILES} more`;
};
