/**
 * Whether a module can work with its database, as readiness tells it: its lease is renewed, and its commits go through.
 * Either alone does not say: on a full disk small renewals still succeed where a batch finds no room.
 *
 * One commit that failed is no news: a deadlock or a lock's time-out is over at the next attempt. A second failure in a
 * row is, and one that no success has followed for a while. Failures count until a commit succeeds, or until none has
 * been tried for longer: somebody has to try, or nobody would learn that there is room again.
 */
import type { Clock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";

export interface Condition {
  /** Null: the last renewal went well; else why it did not. */
  renewed(error: unknown): void;
  /** Null: the database works for batches; else why a commit failed. */
  committed(error: unknown): void;
}

const UNTRIED_MS = 5_000;
const LONE_FAILURE_MS = 500;
const DISK_FULL = "53100";

/** Reports null, or in one sentence what is wrong, at each renewal and each change. */
export function createCondition(clock: Clock, report: (problem: string | null) => void): Condition {
  let renewal: unknown = null;
  /** Failures in a row. */
  let commit: { readonly error: unknown; readonly count: number; readonly sinceMs: number } | null = null;
  let triedMs = 0;

  function tell() {
    const now = clock.now();
    if (commit !== null && now - triedMs >= UNTRIED_MS) commit = null;
    const counts = commit !== null && (commit.count > 1 || now - commit.sinceMs >= LONE_FAILURE_MS);
    const problem = (counts ? commit?.error : null) ?? renewal;
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
      commit =
        error === null ? null : { error, count: (commit?.count ?? 0) + 1, sinceMs: commit?.sinceMs ?? clock.now() };
      tell();
    },
  };
}

/** Then the database still reads and deletes, and writes nothing. */
export const isDiskFull = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.sqlState === DISK_FULL;

function sentenceOf(error: unknown): string {
  if (isDiskFull(error))
    return `the disk of the database is full (${error.message}): make room on it, then this goes on by itself`;
  return String(error);
}
