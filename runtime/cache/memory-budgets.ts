/**
 * Budgets of a process of its own, by the generic cell rate algorithm: of each budget only the time is kept at which all
 * of its units are there again. What is whole again is forgotten.
 */
import type { Clock } from "../clock.ts";
import type { Budget, Budgets } from "./port.ts";

/** Beyond it the budget is forgotten, and so whole again, that was used least recently: no address book is kept. */
const MOST_BUDGETS = 50_000;

export function createMemoryBudgets({ now }: Clock, mostBudgets = MOST_BUDGETS): Budgets {
  /** When all units are there again; from the least recently used on. */
  const wholeAtMs = new Map<string, number>();
  function after({ key, units, periodMs }: Budget, nowMs: number): number {
    const knownMs = wholeAtMs.get(key) ?? 0;
    // What is used up is whole again in a period. Farther off: the clock was set back, which must not lengthen it.
    const isForgotten = knownMs - nowMs > periodMs + 1;
    return Math.max(nowMs, isForgotten ? 0 : knownMs) + periodMs / units;
  }

  return {
    async take(budgets) {
      const nowMs = now();
      const waitMs = Math.max(0, ...budgets.map((budget) => after(budget, nowMs) - nowMs - budget.periodMs));
      // Less than the clock's own step is what fractions have left.
      if (waitMs >= 1) return waitMs;
      for (const budget of budgets) {
        const whole = after(budget, nowMs);
        wholeAtMs.delete(budget.key);
        wholeAtMs.set(budget.key, whole);
      }
      for (const [oldest, whole] of wholeAtMs) {
        if (wholeAtMs.size <= mostBudgets && whole > nowMs) break;
        wholeAtMs.delete(oldest);
      }
      return 0;
    },
  };
}
