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

export const systemScheduler: Scheduler = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  external: (_label, work) => work(),
};
