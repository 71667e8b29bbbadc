/**
 * Owns every wait of the product. A simulation replaces it, so that the order in which waits end is the seed's;
 * nothing else in the product may call setTimeout, setInterval or queueMicrotask.
 */
export interface Scheduler {
  /** Runs `task` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves after `delayMs`. */
  sleep(delayMs: number): Promise<void>;
  /** Runs work that ends off the main thread (WebCrypto, body reads), so that its end has a place in the order. */
  external<T>(label: string, work: () => Promise<T>): Promise<T>;
}

/** What setTimeout can wait for at most; beyond it, it would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

function after(delayMs: number, task: () => void): () => void {
  if (delayMs <= LONGEST_DELAY_MS) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }
  let cancel: () => void;
  const timer = setTimeout(() => {
    cancel = after(delayMs - LONGEST_DELAY_MS, task);
  }, LONGEST_DELAY_MS);
  cancel = () => clearTimeout(timer);
  return () => cancel();
}

export const systemScheduler: Scheduler = {
  after,
  sleep: (delayMs) =>
    new Promise((resolve) => {
      after(delayMs, resolve);
    }),
  external: (_label, work) => work(),
};
