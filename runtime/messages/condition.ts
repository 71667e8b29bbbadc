/**
 * Whether a module can work with its database, as readiness tells it: its lease is renewed, and its commits go through.
 * Either alone does not say: on a full disk small renewals still succeed where a batch finds no room.
 *
 * A commit that failed counts until one succeeds, or until none has been tried for a while: somebody has to try, or
 * nobody would learn that there is room again.
 */
import type { Clock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";

export interface Condition {
  /** Null: the last renewal went well; else why it did not. */
  renewed(error: unknown): void;
  /** Null: the last commit went well; else why it did not. */
  committed(error: unknown): void;
}

const UNTRIED_MS = 5_000;
const DISK_FULL = "53100";

/** Reports null, or in one sentence what is wrong, at each renewal and each change. */
export function createCondition(clock: Clock, report: (problem: string | null) => void): Condition {
  let renewal: unknown = null;
  let commit: unknown = null;
  let triedMs = 0;

  function tell() {
    if (commit !== null && clock.now() - triedMs >= UNTRIED_MS) commit = null;
    const problem = commit ?? renewal;
    report(problem === null ? null : sentenceOf(problem));
  }

  return {
    renewed(error) {
      renewal = error;
      tell();
    },
    committed(error) {
      triedMs = clock.now();
      if (error === null && commit === null) return;
      commit = error;
      tell();
    },
  };
}

function sentenceOf(error: unknown): string {
  if (error instanceof DatabaseError && error.sqlState === DISK_FULL)
    return `the disk of the database is full (${error.message}): make room on it, then this goes on by itself`;
  return String(error);
}
