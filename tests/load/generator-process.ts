/** The load generator's own process. */
import { answerPlan, runApart } from "./apart.ts";
import { generateLoad, type LoadPlan, type LoadResult } from "./generator.ts";

/** Runs a plan in a process of its own; `wrapper` is put before its command line. */
export const generateLoadApart = (plan: LoadPlan, wrapper: readonly string[] = []): Promise<LoadResult> =>
  runApart(import.meta.path, plan, wrapper);

if (import.meta.main) await answerPlan(generateLoad);
