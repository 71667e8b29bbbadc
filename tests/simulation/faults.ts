import type { Random } from "../../runtime/random.ts";
import { between, chance, logarithmic } from "./seed.ts";

/** Every kind of fault that a seed may inject. Values of the profile are probabilities an occasion. */
export const FAULT_KINDS = [
  "crash",
  "crashAroundCommit",
  "connectionLost",
  "answerLost",
  "executedLate",
  "externalNotDone",
  "externalAnswerLost",
  "externalSlow",
  "duplicate",
  "redelivery",
  "publishLost",
  "publishUnknown",
  "delay",
  "pause",
  "lateTimer",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultProfile {
  readonly probability: Readonly<Record<FaultKind, number>>;
  readonly maxCrashes: number;
  /** How long a dead client's transaction keeps its locks, at most. */
  readonly lingerMs: number;
  /** Until a crashed node is started again, at most. */
  readonly restartMs: number;
  readonly pauseMs: number;
  readonly delayMs: number;
  /** How long a request to the outside may travel, at most. */
  readonly externalSlowMs: number;
  /** How far a node's clock may be off, either way. */
  readonly skewMs: number;
  /** How often the next timer fires although operations are ready. */
  readonly timerRace: number;
  /** How far such a timer may be away, at most. */
  readonly raceMs: number;
  /** Virtual time that one operation takes, at most. */
  readonly latencyMs: number;
}

const RANGES: Record<FaultKind, readonly [low: number, high: number]> = {
  crash: [0.0002, 0.004],
  crashAroundCommit: [0.002, 0.03],
  connectionLost: [0.001, 0.05],
  answerLost: [0.001, 0.03],
  executedLate: [0.0005, 0.01],
  externalNotDone: [0.01, 0.3],
  externalAnswerLost: [0.01, 0.3],
  externalSlow: [0.02, 0.4],
  duplicate: [0.01, 0.3],
  redelivery: [0.01, 0.2],
  publishLost: [0.005, 0.1],
  publishUnknown: [0.005, 0.1],
  delay: [0.01, 0.3],
  pause: [0.0002, 0.003],
  lateTimer: [0.01, 0.2],
};

/** Each seed has its own mixture; one in ten has no faults at all, so that plain concurrency is looked at alone. */
export function drawFaultProfile(random: Random): FaultProfile {
  const calm = chance(random, 0.1);
  const draw = (kind: FaultKind) => {
    const wanted = chance(random, 0.6);
    const [low, high] = RANGES[kind];
    const value = logarithmic(random, low, high);
    return wanted && !calm ? value : 0;
  };
  const probability = {
    crash: draw("crash"),
    crashAroundCommit: draw("crashAroundCommit"),
    connectionLost: draw("connectionLost"),
    answerLost: draw("answerLost"),
    executedLate: draw("executedLate"),
    externalNotDone: draw("externalNotDone"),
    externalAnswerLost: draw("externalAnswerLost"),
    duplicate: draw("duplicate"),
    redelivery: draw("redelivery"),
    publishLost: draw("publishLost"),
    publishUnknown: draw("publishUnknown"),
    delay: draw("delay"),
    pause: draw("pause"),
    lateTimer: draw("lateTimer"),
    externalSlow: draw("externalSlow"),
  };
  return {
    probability,
    maxCrashes: between(random, 1, 8),
    lingerMs: chance(random, 0.5) ? between(random, 1, 4000) : 0,
    restartMs: between(random, 1, 4000),
    pauseMs: between(random, 100, 8000),
    delayMs: between(random, 1, 2000),
    externalSlowMs: between(random, 100, 20_000),
    skewMs: chance(random, 0.3) ? between(random, 1, 2000) : 0,
    timerRace: chance(random, 0.5) ? logarithmic(random, 0.005, 0.3) : 0,
    raceMs: Math.round(logarithmic(random, 2, 3000)),
    latencyMs: between(random, 0, 4),
  };
}

export interface Faults {
  readonly profile: FaultProfile;
  /** Whether this fault happens here. Counts it, and says no to everything once the faults have stopped. */
  happens(kind: FaultKind): boolean;
  /** A duration up to `mostMs`; 0 once the faults have stopped. */
  durationMs(mostMs: number): number;
  /** From here on nothing fails: the liveness phase. */
  stop(): void;
  readonly counts: Readonly<Record<string, number>>;
}

export function createFaults(random: Random, profile: FaultProfile): Faults {
  const counts: Record<string, number> = {};
  let active = true;
  let crashes = 0;
  return {
    profile,
    counts,
    happens(kind) {
      if (!active) return false;
      const hit = chance(random, profile.probability[kind]);
      if (!hit) return false;
      if (kind === "crash" || kind === "crashAroundCommit") {
        if (crashes === profile.maxCrashes) return false;
        crashes += 1;
      }
      counts[kind] = (counts[kind] ?? 0) + 1;
      return true;
    },
    durationMs: (mostMs) => (active && mostMs > 0 ? between(random, 0, mostMs) : 0),
    stop() {
      active = false;
    },
  };
}
