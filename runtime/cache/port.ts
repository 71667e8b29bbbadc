/**
 * What the processes of a platform may share beside their databases: texts kept for a while, hints, and budgets. All may
 * lose anything at any time, and whoever uses them stays right without them, only slower.
 */

/**
 * - a text: what is kept.
 * - null: nothing is.
 * - undefined: it could not be said in time, so nobody should ask again at once.
 */
export type Kept = string | null | undefined;

/** Texts by key. Nothing here rejects, and nothing takes longer than a short deadline. */
export interface Cache {
  get(key: string): Promise<Kept>;
  /**
   * Keeps a text for `ttlMs` at most. True: it was kept. False: it is not known to be; it may be later, once, for what
   * is late is never sent again.
   */
  set(key: string, text: string, ttlMs: number): Promise<boolean>;
  /** True: none of the keys has a text that was set before. False: that is not known. */
  remove(keys: readonly string[]): Promise<boolean>;
}

/** Words from one process to the others. */
export interface Hints {
  /** Returns at once. Who listens in another process hears it unless something is in the way, in the order of telling. */
  tell(channel: string, text: string): void;
  /** Hears what others tell from soon on, for as long as the process runs. `heard` must not throw. */
  listen(channel: string, heard: (text: string) => void): void;
}

/** So many at once and so many in each period, evenly, once those are used up. */
export interface Budget {
  readonly key: string;
  readonly units: number;
  readonly periodMs: number;
}

/** Counts what is used of budgets by all processes together. Nothing here rejects, or takes longer than a short deadline. */
export interface Budgets {
  /**
   * Takes a unit of each of the budgets, or of none where one is used up. The answer is how long until there is one of
   * each again: 0 when they were taken. Undefined: that could not be said in time.
   */
  take(budgets: readonly Budget[]): Promise<number | undefined>;
}

/** One process's access to all of it. */
export interface SharedState {
  readonly cache: Cache;
  readonly hints: Hints;
  readonly budgets: Budgets;
  /** Ends it at once, whatever is under way. Afterwards nothing is kept and nobody is heard. */
  close(): void;
}
