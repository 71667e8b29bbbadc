/**
 * The order of everything. All that the simulated system waits for is either an operation (a statement, a message, a
 * call, an answer to a client) or a timer. One at a time is chosen by the seed and performed, then every continuation
 * that it set free runs until it waits again (`setImmediate` comes after all microtasks), then the next is chosen.
 *
 * Time is virtual: it moves by a little with each operation, and to the next timer when nothing is ready (or sooner,
 * as often as the seed's profile says, so that timers race with operations).
 *
 * An `Actor` is one life of a node. When it dies its operations and timers are forgotten and promises given to it never
 * settle, so that no continuation of a dead life is ever resumed.
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
  readonly skewMs: number;
  alive: boolean;
  pausedUntilMs: number;
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
  /** Called when a crash was drawn for a mortal actor. */
  readonly onCrash: (actor: Actor) => void;
  /** The fault of a call to the outside: what to throw instead of its answer, by its label. */
  readonly externalError?: (label: string) => Error | undefined;
}

export function createLoop(options: LoopOptions): Loop {
  const { random, faults, trace, onCrash } = options;
  const ready: Operation[] = [];
  const timers: Timer[] = [];
  let nowMs = options.startMs;
  let steps = 0;

  const forget = <T extends { readonly actor: Actor }>(list: T[], actor: Actor) => {
    for (let index = list.length - 1; index >= 0; index--) if (list[index]?.actor === actor) list.splice(index, 1);
  };
  const runnable = (actor: Actor) => actor.pausedUntilMs <= nowMs;

  const crashes = (operation: Operation, commits: boolean) => {
    const victim = operation.victim ?? operation.actor;
    if (!victim.mortal || !victim.alive) return false;
    const hit = faults.happens("crash") || (commits && faults.happens("crashAroundCommit"));
    if (hit) onCrash(victim);
    return hit;
  };

  async function perform(operation: Operation) {
    nowMs += between(random, 0, faults.profile.latencyMs);
    const { commits } = operation;
    if (crashes(operation, commits) && operation.victim === undefined) return;
    if (operation.actor.mortal && faults.happens("pause")) {
      const pauseMs = faults.durationMs(faults.profile.pauseMs);
      trace.line(`${nowMs} ${operation.actor.name} pauses for ${pauseMs} ms`);
      operation.actor.pausedUntilMs = nowMs + pauseMs;
      after(operation.actor, pauseMs, () => undefined);
      if (pauseMs > 0) {
        ready.push(operation);
        return;
      }
    }
    trace.line(`${nowMs} ${operation.actor.name} ${operation.label}`);
    const handOver = await operation.perform();
    crashes(operation, commits);
    if ((operation.victim ?? operation.actor).alive) handOver();
  }

  function fire(timer: Timer, atMs: number) {
    timers.splice(timers.indexOf(timer), 1);
    nowMs = Math.max(nowMs, atMs);
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

  function submit(operation: Operation) {
    if (operation.actor.alive) ready.push(operation);
  }

  /** External work may end off the main thread: the loop waits for it, unless it waits for the loop itself. */
  async function performExternal<T>(actor: Actor, label: string, work: () => Promise<T>, promise: Settle<T>) {
    const error = options.externalError?.(label);
    if (error !== undefined && faults.happens("externalNotDone")) {
      trace.line(`  ${label}: not done`);
      return () => promise.reject(error);
    }
    let ended: (() => void) | undefined;
    const answer = (settle: () => void) => {
      if (error === undefined || !faults.happens("externalAnswerLost")) return settle;
      trace.line(`  ${label}: answer lost`);
      return () => promise.reject(error);
    };
    const running = work().then(
      (value) => () => promise.resolve(value),
      (failure: unknown) => () => promise.reject(failure),
    );
    const submitted = ready.length + timers.length;
    const watched = running.then((settle) => {
      ended = settle;
    });
    while (ended === undefined && ready.length + timers.length === submitted) await drain();
    if (ended !== undefined) return answer(ended);
    void watched.then(() =>
      submit({ actor, label: `${label} ends`, commits: true, perform: async () => answer(ended ?? noop) }),
    );
    return noop;
  }

  return {
    now: () => nowMs,
    createActor: (name, mortal, skewMs) => ({ name, mortal, skewMs, alive: true, pausedUntilMs: 0, onDeath: [] }),
    submit,
    after,
    kill(actor) {
      actor.alive = false;
      forget(ready, actor);
      forget(timers, actor);
      for (const task of actor.onDeath) task();
    },
    clockOf: (actor) => ({ now: () => nowMs + actor.skewMs }),
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
