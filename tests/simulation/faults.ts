import type { Random } from "../../runtime/random.ts";
import type { FaultKind, FaultProfile, Frailty, WindowKind } from "./fault-profile.ts";
import { between, chance } from "./seed.ts";

export interface Faults {
  readonly profile: FaultProfile;
  /**
   * Whether this fault happens here. Counts it, and says no to everything once the faults have stopped. `statement`: to
   * which it would happen.
   */
  happens(kind: FaultKind, statement?: string): boolean;
  /** Whether this lasts at the moment. */
  during(kind: WindowKind): boolean;
  /** A duration up to `mostMs`; 0 once the faults have stopped. */
  durationMs(mostMs: number): number;
  /** Counts what was not drawn but came of what was, such as a lease that expired. */
  count(what: string): void;
  /** From here on nothing fails: the liveness phase. */
  stop(): void;
  readonly active: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

/** A replica that needs such a statement for its start must start at last. */
const MOST_FRAILTIES = 20;

/** `elapsedMs`: the virtual time since the start of the seed. */
export function createFaults(random: Random, profile: FaultProfile, elapsedMs: () => number): Faults {
  const counts: Record<string, number> = {};
  const begun = new Set<WindowKind>();
  let active = true;
  let crashes = 0;
  let frailties = 0;
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const isFrail = ({ percentOfStatements, salt }: Frailty, statement: string) =>
    Bun.hash.wyhash(`${salt} ${statement}`) % 100n < BigInt(percentOfStatements);

  function probabilityOf(kind: FaultKind, statement: string | undefined): number {
    const { frail, probability } = profile;
    if (statement === undefined || frail?.kind !== kind || !isFrail(frail, statement)) return probability[kind];
    if (++frailties > MOST_FRAILTIES) return probability[kind];
    return Math.max(frail.probability, probability[kind]);
  }

  return {
    profile,
    counts,
    count,
    happens(kind, statement) {
      if (!active) return false;
      const hit = chance(random, probabilityOf(kind, statement));
      if (!hit) return false;
      if (kind === "crash" || kind === "crashAroundCommit") {
        if (crashes === profile.maxCrashes) return false;
        crashes += 1;
      }
      count(kind);
      return true;
    },
    during(kind) {
      if (!active) return false;
      const now = elapsedMs();
      const lasts = profile.windows.some((each) => each.kind === kind && each.fromMs <= now && now < each.untilMs);
      if (lasts && !begun.has(kind)) {
        begun.add(kind);
        count(kind);
      }
      return lasts;
    },
    durationMs: (mostMs) => (active && mostMs > 0 ? between(random, 0, mostMs) : 0),
    stop() {
      active = false;
    },
    get active() {
      return active;
    },
  };
}
