/**
 * Puts one question to several modules. Who does not answer is named in a 503, and the same request may be sent again:
 * a list with a gap would pass for the whole. An answer that is a bug comes first, whoever else is away.
 */
import * as z from "zod";
import { ProblemError, problem } from "../http/problem.ts";
import { RpcUnavailable } from "../rpc/port.ts";

/** What each module answers, in their order. */
export async function askModules<Answer>(
  modules: readonly string[],
  ask: (module: string) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers = await Promise.allSettled(modules.map(ask));
  const reasons: unknown[] = answers.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  const away = modules.filter((_module, index) => answers[index]?.status === "rejected");
  if (away.length > 0) unavailable(away, reasons.find(isBug) ?? reasons[0]);
  return answers.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

const isBug = (reason: unknown) => !(reason instanceof RpcUnavailable);

/** 503 for a module without an answer; anything else is a bug and goes on. */
export function unavailable(modules: readonly string[], error: unknown): never {
  if (isBug(error)) throw error;
  throw new ProblemError(
    problem("unavailable", `No answer from ${modules.join(", ")}. Send the same request again in a few seconds.`),
    { "retry-after": "2" },
    error,
  );
}

/** The query field that asks one module alone. */
export const moduleFilter = (modules: readonly string[]) =>
  z
    .string()
    .max(64)
    .refine((name) => modules.includes(name), { error: `must be one of: ${modules.join(", ")}` })
    .optional()
    .describe("Only this module's.");
