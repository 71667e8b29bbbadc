import { deadlineSettings } from "./config/deadline-settings.ts";
import type { Deadlines } from "./module.ts";

/** Every wait of the saga the same: for tests that meet none of them, or change those they do. */
export const sameDeadlines = (durationMs: number): Deadlines =>
  // The settings' names are the keys of `Deadlines` by its definition.
  Object.fromEntries(Object.keys(deadlineSettings).map((name) => [name, durationMs])) as Deadlines;
