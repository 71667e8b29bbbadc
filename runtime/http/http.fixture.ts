/** Routes on an app of their own, asked without a socket; each answer is held against what its route documents. */
import { systemClock } from "../clock.ts";
import type { Principal } from "../identity/principal.ts";
import { createIds } from "../ids.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { createApp, type Handler, handlerOf } from "./app.ts";
import { type HttpDeps, mountRoutes } from "./mount.ts";
import { ProblemError } from "./problem.ts";
import type { Route } from "./route.ts";

export const principal = (role: Principal["role"], scopes: readonly string[] = [], subject = "olga"): Principal => ({
  subject,
  role,
  scopes,
  issuer: "test",
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});

/** What routes are mounted with. The token of each of `people` is their name here; any other is not valid. */
export const httpFor = (
  people: Readonly<Record<string, Principal>> = {},
  onError: (error: unknown) => void = console.error,
): HttpDeps => ({
  ids: createIds(systemClock, systemRandom()),
  onError: (error) => onError(error),
  scheduler,
  bodyTimeoutMs: 500,
  checkReplies: true,
  verifier: {
    verify(token) {
      const known = people[token];
      return known ? { ok: true, principal: known } : { ok: false, reason: "invalid", detail: "It is not known." };
    },
  },
});

/** An app with these routes, as one function from request to answer. */
export function handlerWith(routes: readonly Route[], http: HttpDeps): Handler {
  const app = createApp(http);
  mountRoutes(app, routes, http);
  return handlerOf(app);
}

/** The problem that `work` ends with, and its headers; undefined: it ends well. Whatever else it throws goes on. */
export async function problemIn(work: Promise<unknown>) {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return { ...error.problem, headers: error.headers };
    throw error;
  }
}
