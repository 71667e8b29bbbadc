/** What the brokers of one seed are like, and what goes wrong with them: drawn apart from the seed's other faults. */
import type { Random } from "../../../runtime/random.ts";
import type { Faults } from "../faults.ts";
import { between, chance, logarithmic, oneOf } from "../seed.ts";

/** Every kind of fault that may happen at any occasion. Values of the profile are probabilities an occasion. */
const FAULT_KINDS = [
  "brokerRequestLost",
  "brokerAnswerLost",
  "brokerRequestLate",
  "brokerSlow",
  "partlyWritten",
  "memberExpelled",
  "consumerCrash",
  "crashAfterOffsets",
] as const;
export type BrokerFaultKind = (typeof FAULT_KINDS)[number];

interface Outage {
  /** From the start of the seed. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface BrokerProfile {
  readonly partitions: number;
  readonly probability: Readonly<Record<BrokerFaultKind, number>>;
  readonly outages: readonly Outage[];
  /** How likely a request to brokers that are away has no answer at all, rather than a refusal. */
  readonly hangs: number;
  /** When a client gives up on an answer. */
  readonly requestTimeoutMs: number;
  /** How long a request or an answer may travel, at most. */
  readonly slowMs: number;
  /** Records of one partition that one fetch brings, at most. */
  readonly fetchRecords: number;
}

const RANGES: Record<BrokerFaultKind, readonly [low: number, high: number]> = {
  brokerRequestLost: [0.005, 0.08],
  brokerAnswerLost: [0.01, 0.15],
  brokerRequestLate: [0.005, 0.05],
  brokerSlow: [0.01, 0.2],
  partlyWritten: [0.02, 0.3],
  memberExpelled: [0.001, 0.02],
  consumerCrash: [0.002, 0.03],
  crashAfterOffsets: [0.01, 0.2],
};

/** A process that dies right after a commit of offsets shows what they went past; too many, and nothing goes on. */
const MOST_CRASHES = 3;

const OUTAGE_WITHIN_MS = 15_000;

function drawOutages(random: Random): Outage[] {
  return Array.from({ length: oneOf(random, [0, 0, 1, 1, 2]) }, () => {
    const fromMs = between(random, 0, OUTAGE_WITHIN_MS);
    return { fromMs, untilMs: fromMs + Math.round(logarithmic(random, 300, 15_000)) };
  });
}

export function drawBrokerProfile(random: Random, calm: boolean): BrokerProfile {
  const draw = (kind: BrokerFaultKind): [BrokerFaultKind, number] => {
    const wanted = chance(random, 0.6);
    const [low, high] = RANGES[kind];
    const value = logarithmic(random, low, high);
    return [kind, wanted && !calm ? value : 0];
  };
  const outages = drawOutages(random);
  return {
    partitions: oneOf(random, [1, 2, 4]),
    // Made of all kinds.
    probability: Object.fromEntries(FAULT_KINDS.map(draw)) as Record<BrokerFaultKind, number>,
    outages: calm ? [] : outages,
    hangs: oneOf(random, [0, 0.3, 1]),
    requestTimeoutMs: oneOf(random, [1500, 4000, 15_000]),
    slowMs: Math.round(logarithmic(random, 50, 8000)),
    fetchRecords: oneOf(random, [1, 3, 500]),
  };
}

/** As `Faults`, for the brokers. */
export interface BrokerFaults {
  readonly profile: BrokerProfile;
  /** Whether this fault happens here. Counts it, and says no to everything once the faults of the seed have stopped. */
  happens(kind: BrokerFaultKind): boolean;
  /** Whether the brokers are away. */
  away(): boolean;
  /** Whether a request to them has no answer at all. */
  hangs(): boolean;
  /** A duration up to `mostMs`. */
  durationMs(mostMs: number): number;
  count(what: string): void;
}

/** `elapsedMs`: the virtual time since the start of the seed. */
export function createBrokerFaults(
  faults: Faults,
  random: Random,
  profile: BrokerProfile,
  elapsedMs: () => number,
): BrokerFaults {
  const begun = new Set<Outage>();
  let crashes = 0;
  return {
    profile,
    count: faults.count,
    happens(kind) {
      if (!faults.active || !chance(random, profile.probability[kind])) return false;
      if (kind === "crashAfterOffsets" && ++crashes > MOST_CRASHES) return false;
      faults.count(kind);
      return true;
    },
    away() {
      if (!faults.active) return false;
      const now = elapsedMs();
      const outage = profile.outages.find(({ fromMs, untilMs }) => fromMs <= now && now < untilMs);
      if (outage === undefined) return false;
      if (!begun.has(outage)) faults.count("brokerOutage");
      begun.add(outage);
      return true;
    },
    hangs: () => chance(random, profile.hangs),
    durationMs: (mostMs) => between(random, 0, mostMs),
  };
}
