/** At most so many at a time; the others wait in order. */
export interface ConcurrencyLimit {
  /** Runs `work` when its turn has come; rejects when too many wait, or when `signal` is aborted before. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export interface ConcurrencyLimits {
  readonly atOnce: number;
  readonly waiting: number;
  /** Made for whoever finds the queue full. */
  readonly full: () => Error;
}

/** A turn is handed from whoever ends to whoever has waited longest. */
export function createConcurrencyLimit({ atOnce, waiting, full }: ConcurrencyLimits): ConcurrencyLimit {
  const queue = new Set<() => void>();
  let running = 0;

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      queue.add(resolve);
      const leave = () => {
        queue.delete(resolve);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
    });

  const handOver = () => {
    const [next] = queue;
    if (next === undefined) {
      running -= 1;
      return;
    }
    queue.delete(next);
    next();
  };

  return {
    async run(signal, work) {
      if (running < atOnce) running += 1;
      else if (queue.size < waiting) await turn(signal);
      else throw full();
      try {
        return await work();
      } finally {
        handOver();
      }
    },
  };
}
