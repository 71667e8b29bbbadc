import * as z from "zod";
import { ProblemError, problem } from "../http/problem.ts";
import { type Route, route } from "../http/route.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { type ReconcileDeps, type Reconciliation, reconcile, VIOLATION_LIMIT } from "./reconcile/reconcile.ts";
import { INVARIANTS } from "./reconcile/violation.ts";

const count = z.int().nonnegative();

export const reconciliationSchema = z.strictObject({
  ok: z.boolean(),
  violations: z
    .array(z.strictObject({ invariant: z.enum(INVARIANTS), subject: z.string(), detail: z.string() }))
    .describe(`At most ${VIOLATION_LIMIT} of them.`),
  checkedAt: z.iso.datetime(),
  checked: z
    .strictObject({ orders: count, inFlight: count, parked: count, stocks: count, violations: count })
    .describe("How many were looked at. Orders in flight, or parked behind a dead letter, are judged for less."),
});

/**
 * `GET /api/v1/ops/reconcile`: the invariants over the modules, on the running system. Who asks while a run is under
 * way gets its answer, so that asking often costs no more.
 */
export function reconcileRoute(deps: ReconcileDeps): Route {
  let running: Promise<Reconciliation> | undefined;
  const run = () => {
    running ??= reconcile(deps).finally(() => {
      running = undefined;
    });
    return running;
  };
  return route({
    method: "GET",
    path: "/api/v1/ops/reconcile",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "Whether the books of all modules agree",
    description:
      "Reads every order from all modules, and all stock. What looks wrong is read again before it is reported, so orders under way are no violations. Takes longer the more orders there are.",
    responses: { 200: { description: "What was found.", schema: reconciliationSchema } },
    async handle({ keepOpen }) {
      keepOpen();
      try {
        return { status: 200, body: await run() };
      } catch (error) {
        if (!(error instanceof RpcUnavailable)) throw error;
        const detail = `A module did not answer, so nothing can be said of the whole: ${error.message}. Ask again in a few seconds.`;
        throw new ProblemError(problem("unavailable", detail), { "retry-after": "5" }, error);
      }
    },
  });
}
