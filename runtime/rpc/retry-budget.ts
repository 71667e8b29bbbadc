/** How many requests to a callee may be repeated: so few that repetitions do not multiply an outage. */
export interface RetryBudget {
  /** A call has been made. */
  earn(): void;
  /** Takes one repetition, or says that none is left. */
  spend(): boolean;
}

export interface RetryBudgetLimits {
  /** So many calls earn one repetition. */
  readonly callsForOne: number;
  /** Most repetitions that can be saved up; it begins with all of them. */
  readonly reserve: number;
}

/** A token bucket that calls fill, not time: whoever asks seldom repeats seldom. */
export function createRetryBudget({ callsForOne, reserve }: RetryBudgetLimits): RetryBudget {
  const mostCredit = reserve * callsForOne;
  let credit = mostCredit;
  return {
    earn() {
      credit = Math.min(mostCredit, credit + 1);
    },
    spend() {
      if (credit < callsForOne) return false;
      credit -= callsForOne;
      return true;
    },
  };
}
