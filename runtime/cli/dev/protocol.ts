/** What supervisor and application tell each other over their private pipe. */
import { z } from "zod";

/** To the application. */
export const Instruction = z.discriminatedUnion("kind", [
  /** Everything it needs is there: start, with these variables over the environment. */
  z.object({ kind: z.literal("start"), environment: z.record(z.string(), z.string()) }),
  /** End; `requestsDeadlineMs` as in `StopLimits`. */
  z.object({ kind: z.literal("stop"), requestsDeadlineMs: z.number().optional() }),
]);
export type Instruction = z.infer<typeof Instruction>;

/** From the application. */
export const Report = z.discriminatedUnion("kind", [
  /** Its code is loaded. */
  z.object({ kind: z.literal("loaded") }),
  z.object({ kind: z.literal("ready"), url: z.string() }),
]);
export type Report = z.infer<typeof Report>;
