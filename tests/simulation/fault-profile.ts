import type { Random } from "../../runtime/random.ts";
import { between, chance, logarithmic, oneOf } from "./seed.ts";

/** Every kind of fault that may happen at any occasion. Values of the profile are probabilities an occasion. */
const FAULT_KINDS = [
  "crash",
  "crashAroundCommit",
  "crashWhileStopping",
  "connectionLost",
  "answerLost",
  "executedLate",
  "statementSlow",
  "externalNotDone",
  "externalAnswerLost",
  "externalSlow",
  "duplicate",
  "redelivery",
  "publishLost",
  "publishUnknown",
  "delay",
  "pause",
  "freeze",
  "lateTimer",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * What goes wrong for a while: the database answers slowly, the payment provider or the mail server refuses every
 * call, the payment provider takes long for every call.
 */
const WINDOW_KINDS = ["slowDatabase", "paymentOutage", "mailOutage", "slowPayment"] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

export interface FaultWindow {
  readonly kind: WindowKind;
  /** From the start of the seed. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** So that what follows from one statement's failure is met again and again, however seldom that statement is sent. */
export interface Frailty {
  readonly kind: FaultKind;
  readonly percentOfStatements: number;
  readonly probability: number;
  readonly salt: number;
}

export interface FaultProfile {
  /** Nothing fails at all. */
  readonly calm: boolean;
  readonly probability: Readonly<Record<FaultKind, number>>;
  readonly windows: readonly FaultWindow[];
  readonly maxCrashes: number;
  /** How long a dead client's transaction keeps its locks, at most; the server's own limits may end it sooner. */
  readonly lingerMs: number;
  /** Until a crashed node is started again, at most. */
  readonly restartMs: number;
  readonly pauseMs: number;
  /** Longer than any lease. */
  readonly freezeMs: number;
  /** How likely a frozen node's clock stands still with it, so that it wakes without knowing that time has passed. */
  readonly clockStops: number;
  readonly delayMs: number;
  /** How long one statement may take while others do not, at most. */
  readonly statementSlowMs: number;
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
  /** The same while the database is slow. */
  readonly slowLatencyMs: number;
  /** As in the product's connections: locks are waited for half as long, an open transaction may be idle so long. */
  readonly statementTimeoutMs: number;
  /** Statements to which one kind of fault happens far more often than to others; null: none. */
  readonly frail: Frailty | null;
  /** How many replicas come or go. */
  readonly scalings: number;
  /** How many times somebody from outside takes locks. */
  readonly operatorSessions: number;
}

const RANGES: Record<FaultKind, readonly [low: number, high: number]> = {
  crash: [0.0002, 0.004],
  crashAroundCommit: [0.002, 0.03],
  crashWhileStopping: [0.01, 0.2],
  connectionLost: [0.001, 0.05],
  answerLost: [0.001, 0.03],
  executedLate: [0.0005, 0.01],
  statementSlow: [0.002, 0.05],
  externalNotDone: [0.01, 0.3],
  externalAnswerLost: [0.01, 0.3],
  externalSlow: [0.02, 0.4],
  duplicate: [0.01, 0.3],
  redelivery: [0.01, 0.2],
  publishLost: [0.005, 0.1],
  publishUnknown: [0.005, 0.1],
  delay: [0.01, 0.3],
  pause: [0.0002, 0.003],
  freeze: [0.0004, 0.004],
  lateTimer: [0.01, 0.2],
};

/** The faults of a seed begin within so much time. */
const FAULTS_BEGIN_WITHIN_MS = 6000;

function drawWindows(random: Random, calm: boolean): FaultWindow[] {
  return WINDOW_KINDS.flatMap((kind) => {
    const wanted = chance(random, 0.35);
    const fromMs = between(random, 0, FAULTS_BEGIN_WITHIN_MS);
    const untilMs = fromMs + Math.round(logarithmic(random, 500, 25_000));
    return wanted && !calm ? [{ kind, fromMs, untilMs }] : [];
  });
}

const OF_STATEMENTS = ["connectionLost", "answerLost", "executedLate", "statementSlow"] as const;

function drawFrailty(random: Random): Frailty | null {
  const isFrail = chance(random, 0.5);
  const frailty: Frailty = {
    kind: oneOf(random, OF_STATEMENTS),
    percentOfStatements: oneOf(random, [4, 12]),
    probability: oneOf(random, [0.15, 0.4, 0.8]),
    salt: between(random, 0, 1_000_000),
  };
  return isFrail ? frailty : null;
}

/** Each seed has its own mixture; one in ten has no faults at all, so that plain concurrency is looked at alone. */
export function drawFaultProfile(random: Random): FaultProfile {
  const calm = chance(random, 0.1);
  const draw = (kind: FaultKind): [FaultKind, number] => {
    const wanted = chance(random, 0.6);
    const [low, high] = RANGES[kind];
    const value = logarithmic(random, low, high);
    return [kind, wanted && !calm ? value : 0];
  };
  const frail = drawFrailty(random);
  return {
    calm,
    frail: calm ? null : frail,
    // Made of all kinds.
    probability: Object.fromEntries(FAULT_KINDS.map(draw)) as Record<FaultKind, number>,
    windows: drawWindows(random, calm),
    maxCrashes: oneOf(random, [0, 1, 3, 8]),
    lingerMs: chance(random, 0.7) ? Math.round(logarithmic(random, 100, 30_000)) : 0,
    restartMs: oneOf(random, [50, 1000, 4000]),
    pauseMs: between(random, 100, 8000),
    freezeMs: between(random, 8000, 25_000),
    clockStops: oneOf(random, [0, 0.5, 1]),
    delayMs: between(random, 1, 2000),
    statementSlowMs: between(random, 50, 3000),
    externalSlowMs: Math.round(logarithmic(random, 100, 45_000)),
    skewMs: chance(random, 0.3) ? between(random, 1, 2000) : 0,
    timerRace: chance(random, 0.5) ? logarithmic(random, 0.005, 0.3) : 0,
    raceMs: Math.round(logarithmic(random, 2, 3000)),
    latencyMs: between(random, 0, 4),
    slowLatencyMs: between(random, 20, 400),
    statementTimeoutMs: oneOf(random, [2500, 5000, 5000, 30_000]),
    scalings: calm ? 0 : oneOf(random, [0, 0, 0, 1, 2, 3]),
    operatorSessions: calm ? 0 : oneOf(random, [0, 0, 2, 5, 10]),
  };
}
