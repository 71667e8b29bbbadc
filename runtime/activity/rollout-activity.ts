/**
 * Whether a pod of a blue/green rollout is of the active colour: the one whose template hash the active Service selects.
 *
 * Guarantees: a pod that becomes active acts at once; one that is no longer active goes on for an overlap, so that the
 * other colour has joined before it ends, and if it becomes active again by then nothing has happened. A Service whose
 * selector has no hash is managed by no rollout: every pod is active.
 *
 * It ends by an answer of that moment alone: while nobody can tell, the other colour may not have heard of the switch, and
 * nobody would be active for as long as that lasts.
 *
 * How it fails: while nobody can tell what the Service selects, the last known answer holds. A pod that has never had one
 * stands by at first, since a colour that is already there does the work, and counts as active after a grace: an overlap
 * does no harm, a gap does. It is told loudly (log, health), and takes no readiness away. Whoever watches tries again
 * (watch-service.ts).
 */
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Activity } from "./port.ts";

export interface RolloutActivityDeps {
  /** Of this pod's template. */
  readonly ownHash: string;
  readonly overlapMs: number;
  readonly graceMs: number;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Null while it is known what the Service selects, else why it is not. */
  readonly condition: (problem: string | null) => void;
}

/** Why it is not known what the Service selects. */
export interface ServiceProblem {
  readonly text: string;
  /** Somebody has to change something; else it may pass by itself. */
  readonly isRefusal: boolean;
}

/** What is told of the active Service. */
export interface ServiceListener {
  /** The template hash in its selector; null: there is none. */
  selects(hash: string | null): void;
  /** Null: it is watched again. */
  problem(problem: ServiceProblem | null): void;
}

export interface RolloutActivity extends Activity, ServiceListener {
  /** The grace begins. */
  start(): void;
  stop(): void;
}

const NOTHING = () => undefined;

/** Stands by until it is told what the Service selects. */
export function createRolloutActivity(deps: RolloutActivityDeps): RolloutActivity {
  const { ownHash, overlapMs, graceMs, scheduler, log } = deps;
  const listeners: ((isActive: boolean) => void)[] = [];
  let isActive = false;
  let isKnown = false;
  let told: string | null = null;
  let endGrace: () => void = NOTHING;
  /** Null unless it goes on only until the overlap is over. */
  let endOverlap: (() => void) | null = null;
  /** Something has gone wrong since the last answer. */
  let isUncertain = false;
  /** The overlap is over, and nobody could tell whether the other colour is still selected. */
  let isOverdue = false;

  function change(next: boolean) {
    isActive = next;
    for (const listener of listeners) listener(next);
  }

  function activate(because: string) {
    isOverdue = false;
    endOverlap?.();
    endOverlap = null;
    if (isActive) return;
    log("info", "activity.active", { ownHash, because });
    change(true);
  }

  function deactivate(selected: string) {
    endOverlap = null;
    isOverdue = false;
    log("info", "activity.idle", { ownHash, selected });
    change(false);
  }

  return {
    isActive: () => isActive,
    onChange: (listener) => void listeners.push(listener),
    start() {
      endGrace = scheduler.after(graceMs, () => {
        if (!isKnown) activate(`it is not known after ${graceMs} ms what the Service selects`);
      });
    },
    selects(hash) {
      const isFirst = !isKnown;
      isKnown = true;
      isUncertain = false;
      endGrace();
      if (hash === null) return activate("the Service selects by no template hash");
      if (hash === ownHash) return activate("the Service selects this colour");
      if (!isActive) {
        if (isFirst) log("info", "activity.idle", { ownHash, selected: hash });
        return;
      }
      if (isOverdue) return deactivate(hash);
      if (endOverlap !== null) return;
      log("info", "activity.ending", { ownHash, selected: hash, inMs: overlapMs });
      endOverlap = scheduler.after(overlapMs, () => {
        if (isUncertain) isOverdue = true;
        else deactivate(hash);
      });
    },
    problem(problem) {
      isUncertain = problem !== null;
      if (problem === null) {
        if (told !== null) log("info", "activity.known", {});
        deps.condition(null);
      } else {
        if (problem.text !== told)
          log(problem.isRefusal ? "error" : "warn", "activity.unknown", { error: problem.text });
        const holds = isKnown ? "the last answer holds" : `it counts as active after ${graceMs} ms`;
        deps.condition(`does not know whether this colour is active (${problem.text}): ${holds}`);
      }
      told = problem?.text ?? null;
    },
    stop() {
      endGrace();
      endOverlap?.();
      endOverlap = null;
    },
  };
}
