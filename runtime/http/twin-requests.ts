/**
 * Requests of one Idempotency-Key that are under way at the same time in this process.
 *
 * The key's row decides which of them has the effect; a refusal writes no row, so it could be told to a client whose
 * own earlier attempt is still about to succeed. Whoever is about to refuse therefore waits for the twins that began
 * before, and looks again at what they left. Only for those before, so no two wait for each other. Twins in other
 * processes are not seen: there a refusal says no more than that this attempt did nothing.
 */
export interface TwinRequests {
  /** Runs `work`; `before` resolves when every twin that began earlier has ended, well or not. */
  run<T>(scope: string, work: (before: Promise<unknown>) => Promise<T>): Promise<T>;
}

const NOBODY: Promise<unknown> = Promise.resolve();

export function createTwinRequests(): TwinRequests & { underWay(): number } {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(scope, work) {
      const before = last.get(scope) ?? NOBODY;
      const running = work(before);
      const ended = Promise.allSettled([before, running]).then(() => {
        if (last.get(scope) === ended) last.delete(scope);
      });
      last.set(scope, ended);
      return running;
    },
    underWay: () => last.size,
  };
}
