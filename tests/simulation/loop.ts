/**
 * The order of everything. All that the simulated system waits for is either an operation (a statement, a message, a
 * call, an answer to a client) or a timer. One at a time is chosen by the seed and performed, then every continuation
 * that it set free runs until it waits again (`setImmediate` comes after all microtasks), then the next is chosen.
 *
 * Time is virtual: it moves by a little with each operation, and to the next timer when nothing is ready (or sooner,
 * as often as the seed's profile says, so that timers race with operations).
 *
 * An `Actor` is one life of a node. When it dies its operations and timers are forgotten and promises given to it never
 * settle, so that no continuation of a dead life is ever resumed. A paused one does nothing, hears nothing and then goes
 * on with whatever it was about to do or to hear; a frozen one sleeps for longer than any lease, and its clock may stand
 * still meanwhile.
 */
import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Faults } from "./faults.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { Trace } from "./trace.ts";

export interface Actor {
  readonly name: string;
  /** Whether crashes and pauses may hit it: nodes yes, clients and the server no. */
  readonly mortal: boolean;
  skewMs: number;
  alive: boolean;
  /** It has been told to end in order: crashes are likelier now. */
  stopping: boolean;
  pausedUntilMs: number;
  /** Since when it sleeps; null when it has been seen to act since. */
  pausedSinceMs: number | null;
  /** Run when the actor dies. */
  readonly onDeath: (() => void)[];
}

export interface Operation {
  readonly actor: Actor;
  readonly label: string;
  /** Crashes are likelier around what may commit or acknowledge. */
  readonly commits: boolean;
  /** Whose death this operation may show, where that is not its owner: a statement of a node that the server goes on with. */
  readonly victim?: Actor;
  /** Who goes on when it is handed over, where that is not its owner. */
  readonly hearer?: Actor;
  /** Does it, and gives back what hands the result over; that is run only if the node it belongs to still lives. */
  readonly perform: () => Promise<() => void>;
}

interface Timer {
  readonly actor: Actor;
  readonly atMs: number;
  readonly task: () => void;
}

export interface Loop {
  now(): number;
  createActor(name: string, mortal: boolean, skewMs: number): Actor;
  submit(operation: Operation): void;
  after(actor: Actor, delayMs: number, task: () => void): () => void;
  kill(actor: Actor): void;
  /** Lets it die as a crash that was drawn does. */
  crash(actor: Actor, moment: string): void;
  /** Puts it to sleep from here on: it does and hears nothing for so long. */
  freeze(actor: Actor, forMs: number): void;
  /** The ports as one actor sees them. */
  clockOf(actor: Actor): Clock;
  schedulerOf(actor: Actor): Scheduler;
  /** Performs one operation or timer. False when nothing is left that could ever happen. */
  step(): Promise<boolean>;
  readonly steps: number;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

const noop = () => undefined;

/** Lets every continuation run until it waits for something that the loop owns. */
const drain = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface LoopOptions {
  readonly random: Random;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly startMs: number;
  /** Called when a crash was drawn for a mortal actor; `moment` says where it hits. */
  readonly onCrash: (actor: Actor, moment: string) => void;
  /** Called when a paused actor acts for the first time again. */
  readonly onWake?: (actor: Actor) => void;
  /**
   * Called when an actor goes on and on without waiting for anything. It is killed then, and its clock throws; where it
   * does not stop for that either, nothing in this process runs any more.
   */
  readonly onSpin?: (actor: Actor) => void;
}

/** Nobody who waits now and then looks at the clock so often. */
const MOST_LOOKS_A_STEP = 50_000;

export function createLoop(options: LoopOptions): Loop {
  const { random, faults, trace, onCrash } = options;
  const ready: Operation[] = [];
  const timers: Timer[] = [];
  let nowMs = options.startMs;
  let steps = 0;
  let looks = 0;

  const forget = <T extends { readonly actor: Actor }>(list: T[], actor: Actor) => {
    for (let index = list.length - 1; index >= 0; index--) if (list[index]?.actor === actor) list.splice(index, 1);
  };
  const runnable = (actor: Actor) => actor.pausedUntilMs <= nowMs;

  const crashes = (operation: Operation, when: "before" | "after", label: string) => {
    const { commits } = operation;
    const victim = operation.victim ?? operation.actor;
    if (!victim.mortal || !victim.alive) return false;
    const hit =
      faults.happens("crash") ||
      (commits && faults.happens("crashAroundCommit")) ||
      (victim.stopping && faults.happens("crashWhileStopping"));
    if (hit) onCrash(victim, `${when} ${label}`);
    return hit;
  };

  /** Puts the actor to sleep now and then; says whether it did. */
  function sleeps(actor: Actor): boolean {
    if (!actor.mortal || !actor.alive || actor.pausedUntilMs > nowMs) return false;
    const isFrozen = faults.happens("freeze");
    if (!isFrozen && !faults.happens("pause")) return false;
    const { freezeMs, pauseMs: mostMs, clockStops } = faults.profile;
    const half = freezeMs >> 1;
    const pauseMs = isFrozen ? half + faults.durationMs(half) : faults.durationMs(mostMs);
    const clockStands = isFrozen && chance(random, clockStops);
    const name = `${actor.name} ${isFrozen ? "freezes" : "pauses"} for ${pauseMs} ms`;
    trace.line(`${nowMs} ${name}${clockStands ? ", and its clock stands still" : ""}`);
    trace.tell(() => ({ about: [], text: `${name}${clockStands ? ", and its clock stands still meanwhile" : ""}` }));
    actor.pausedUntilMs = nowMs + pauseMs;
    actor.pausedSinceMs = nowMs;
    if (clockStands) {
      faults.count("clockStoodStill");
      // Nobody reads the clock before it wakes, so this is a clock that stands still.
      actor.skewMs -= pauseMs;
      after(actor, pauseMs + faults.durationMs(freezeMs), () => {
        trace.line(`  the clock of ${actor.name} is set right`);
        actor.skewMs += pauseMs;
      });
    }
    after(actor, pauseMs, noop);
    return true;
  }

  function freeze(actor: Actor, forMs: number) {
    trace.line(`${nowMs} ${actor.name} freezes for ${forMs} ms`);
    trace.tell(() => ({ about: [], text: `${actor.name} freezes for ${forMs} ms` }));
    actor.pausedUntilMs = nowMs + forMs;
    actor.pausedSinceMs = nowMs;
    after(actor, forMs, noop);
  }

  function wakes(actor: Actor) {
    if (actor.pausedSinceMs === null || actor.pausedUntilMs > nowMs) return;
    options.onWake?.(actor);
    actor.pausedSinceMs = null;
  }

  async function perform(operation: Operation) {
    const slow = faults.during("slowDatabase") && operation.actor.mortal;
    nowMs += between(random, 0, slow ? faults.profile.slowLatencyMs : faults.profile.latencyMs);
    wakes(operation.actor);
    const { label } = operation;
    if (crashes(operation, "before", label) && operation.victim === undefined) return;
    if (sleeps(operation.actor)) {
      ready.push(operation);
      return;
    }
    trace.line(`${nowMs} ${operation.actor.name} ${label}`);
    const handOver = await operation.perform();
    crashes(operation, "after", label);
    if (!(operation.victim ?? operation.actor).alive) return;
    const hearer = operation.hearer ?? operation.actor;
    sleeps(hearer);
    if (runnable(hearer)) handOver();
    else submit({ actor: hearer, label: `hears of: ${label}`, commits: false, perform: async () => handOver });
  }

  function fire(timer: Timer, atMs: number) {
    timers.splice(timers.indexOf(timer), 1);
    nowMs = Math.max(nowMs, atMs);
    wakes(timer.actor);
    trace.line(`${nowMs} ${timer.actor.name} timer`);
    timer.task();
  }

  function after(actor: Actor, delayMs: number, task: () => void) {
    if (!actor.alive) return () => undefined;
    const lateMs = actor.mortal && faults.happens("lateTimer") ? faults.durationMs(faults.profile.delayMs) : 0;
    const timer: Timer = { actor, atMs: nowMs + Math.max(0, Math.ceil(delayMs)) + lateMs, task };
    timers.push(timer);
    return () => {
      const index = timers.indexOf(timer);
      if (index >= 0) timers.splice(index, 1);
    };
  }

  /** Fires the earliest timer if it is near enough, among equals the first set; a paused node's are late. */
  function fireNext(withinMs: number): boolean {
    let next: Timer | undefined;
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const timer of timers) {
      const atMs = Math.max(timer.atMs, timer.actor.pausedUntilMs);
      if (atMs < nextAtMs) [next, nextAtMs] = [timer, atMs];
    }
    if (next === undefined || nextAtMs - nowMs > withinMs) return false;
    fire(next, nextAtMs);
    return true;
  }

  function choicesNow(): (Operation | Timer)[] {
    const choices: (Operation | Timer)[] = [];
    for (const operation of ready) if (runnable(operation.actor)) choices.push(operation);
    for (const timer of timers) if (timer.atMs <= nowMs && runnable(timer.actor)) choices.push(timer);
    return choices;
  }

  function kill(actor: Actor) {
    actor.alive = false;
    forget(ready, actor);
    forget(timers, actor);
    for (const task of actor.onDeath) task();
  }

  /** A loop that awaits nothing of ours never lets us go on: only here can it be met. */
  function look(actor: Actor): number {
    if (++looks > MOST_LOOKS_A_STEP) {
      if (actor.alive) {
        options.onSpin?.(actor);
        kill(actor);
      }
      throw new Error(`${actor.name} spins`);
    }
    return nowMs + actor.skewMs;
  }

  function submit(operation: Operation) {
    if (operation.actor.alive) ready.push(operation);
  }

  /** External work may end off the main thread: the loop waits for it, unless it waits for the loop itself. */
  async function performExternal<T>(actor: Actor, label: string, work: () => Promise<T>, promise: Settle<T>) {
    let ended: (() => void) | undefined;
    const running = work().then(
      (value) => () => promise.resolve(value),
      (failure: unknown) => () => promise.reject(failure),
    );
    const submitted = ready.length + timers.length;
    const watched = running.then((settle) => {
      ended = settle;
    });
    while (ended === undefined && ready.length + timers.length === submitted) await drain();
    if (ended !== undefined) return ended;
    void watched.then(() =>
      submit({ actor, label: `${label} ends`, commits: true, perform: async () => ended ?? noop }),
    );
    return noop;
  }

  return {
    now: () => nowMs,
    createActor: (name, mortal, skewMs) => ({
      name,
      mortal,
      skewMs,
      alive: true,
      stopping: false,
      pausedUntilMs: 0,
      pausedSinceMs: null,
      onDeath: [],
    }),
    submit,
    after,
    freeze,
    crash: onCrash,
    kill,
    clockOf: (actor) => ({ now: () => look(actor) }),
    schedulerOf: (actor) => ({
      after: (delayMs, task) => after(actor, delayMs, task),
      sleep: (delayMs) =>
        new Promise((resolve) => {
          after(actor, delayMs, resolve);
        }),
      external: <T>(label: string, work: () => Promise<T>) =>
        new Promise<T>((resolve, reject) => {
          const perform = () => performExternal(actor, label, work, { resolve, reject });
          submit({ actor, label, commits: true, perform });
        }),
    }),
    async step() {
      await drain();
      looks = 0;
      steps += 1;
      const choices = choicesNow();
      const race = chance(random, faults.profile.timerRace);
      if (choices.length === 0) return fireNext(Number.POSITIVE_INFINITY);
      if (race && fireNext(faults.profile.raceMs)) return true;
      const choice = oneOf(random, choices);
      if ("perform" in choice) {
        ready.splice(ready.indexOf(choice), 1);
        await perform(choice);
      } else fire(choice, choice.atMs);
      return true;
    },
    get steps() {
      return steps;
    },
  };
}
