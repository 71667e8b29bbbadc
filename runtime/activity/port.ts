/**
 * Whether this process takes part in the platform's work. While two colours of a module run, only the active one consumes
 * messages, fires timers and calls the outside world; the other one stands by. Requests are answered in both, and what a
 * request commits is published in both: a relay is never gated.
 *
 * It may be wrong for a while, and then rather says that the process is active: that two colours work at the same time
 * does no harm (marks, guards and epochs make each effect happen once), that none does is a gap.
 */
export interface Activity {
  isActive(): boolean;
  /** Called after each change. */
  onChange(listener: (isActive: boolean) => void): void;
}

/** Of a process that has no colours. */
export const ALWAYS_ACTIVE: Activity = { isActive: () => true, onChange: () => undefined };
