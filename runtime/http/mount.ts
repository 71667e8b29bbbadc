/**
 * Puts routes on an app. The order of checks is part of the API:
 * 404 path, 405 method, 401 token, 403 role and scope, 415 content type, 400 Idempotency-Key, 413 size,
 * 400 JSON, 400 schemas (all faults of one part at once), then the handler. Nothing of the body is read before the
 * rights are known. A handler that throws anything but a `ProblemError` is a 500 without internals, reported to
 * `onError`; a database that does not answer is a 503, and the client sends the same request again.
 */
import type { Context } from "hono";
import { DatabaseError } from "../database/port.ts";
import type { Principal } from "../identity/principal.ts";
import type { TokenVerifier } from "../identity/token-verifier.ts";
import type { Ids } from "../ids.ts";
import type { Scheduler } from "../scheduler.ts";
import type { App, AppEnv } from "./app.ts";
import { authenticate, authorise } from "./authorise.ts";
import { readBody, requireJson } from "./body.ts";
import { checkReply } from "./check-reply.ts";
import { idempotencyClaim, idempotencyKey } from "./idempotency.ts";
import { isStorable, parseJson } from "./json-text.ts";
import { preferredWaitMs } from "./preferences.ts";
import { type FieldError, ProblemError, problem } from "./problem.ts";
import { problemResponse, type Reply, toResponse } from "./reply.ts";
import type { CheckedRequest, Route, RouteSpec } from "./route.ts";
import { invalid } from "./validation.ts";

export interface HttpDeps {
  readonly verifier: TokenVerifier;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly bodyTimeoutMs: number;
  /** A bug or an outage behind a 500 or 503. `instance` is in the answer, so that a report can be found again. */
  readonly onError: (error: unknown, about: { method: string; path: string; instance: string }) => void;
  /** In development and tests: an answer that the route does not document is a bug, reported and answered as 500. */
  readonly checkReplies?: boolean;
}

/** Mounts routes; for each path, other methods are answered 405. */
export function mountRoutes(app: App, routes: readonly Route[], deps: HttpDeps): void {
  const byPath = Map.groupBy(routes, ({ spec }) => spec.path);
  // The router takes the first match: fixed segments must come before parameters.
  for (const path of [...byPath.keys()].sort(bySpecificity)) {
    const own = byPath.get(path) ?? [];
    const pattern = path.replaceAll(/\{([^}]+)\}/g, ":$1");
    for (const route of own) app.on(route.spec.method, pattern, (context) => answer(context, route, deps));
    const allow = allowed(own);
    app.all(pattern, () => methodNotAllowed(allow));
  }
}

const bySpecificity = (left: string, right: string) => {
  const rank = (path: string) => path.replaceAll(/\{[^}]+\}/g, "\uffff");
  return rank(left) < rank(right) ? -1 : 1;
};

const isStream = (spec: RouteSpec) => spec.responses[200]?.mediaType === "text/event-stream";

function allowed(routes: readonly Route[]): string {
  const methods: string[] = [...new Set(routes.map(({ spec }) => spec.method))];
  if (routes.some(({ spec }) => spec.method === "GET" && !isStream(spec))) methods.push("HEAD");
  return methods.join(", ");
}

/** 405 with the methods that the path has. */
export function methodNotAllowed(allow: string): Response {
  return problemResponse(problem("method-not-allowed", `This path takes ${allow}.`), { allow });
}

async function answer(context: Context<AppEnv>, route: Route, deps: HttpDeps): Promise<Response> {
  try {
    // A stream without a reader would never end.
    if (context.env?.head && isStream(route.spec)) return methodNotAllowed(allowed([route]));
    const reply = await handled(context, route, deps);
    if (deps.checkReplies) await checkReply(route.spec, reply);
    return toResponse(reply);
  } catch (error) {
    return failure(error, context.req.raw.method, context.req.path, deps);
  }
}

/** The answer to whatever was thrown. */
export function failure(
  error: unknown,
  method: string,
  path: string,
  deps: Pick<HttpDeps, "ids" | "onError">,
): Response {
  if (error instanceof ProblemError && error.cause === undefined) return problemResponse(error.problem, error.headers);
  const instance = `urn:uuid:${deps.ids.next()}`;
  if (error instanceof ProblemError) {
    deps.onError(error.cause, { method, path, instance });
    return problemResponse({ ...error.problem, instance }, error.headers);
  }
  deps.onError(error, { method, path, instance });
  if (error instanceof DatabaseError && error.kind === "unavailable") {
    const detail = "The database does not answer now. Send the same request again in a few seconds.";
    return problemResponse({ ...problem("unavailable", detail), instance }, { "retry-after": "2" });
  }
  return problemResponse({
    ...problem("internal-error", "The request failed by a fault of ours. It has been reported."),
    instance,
  });
}

async function handled(context: Context<AppEnv>, { spec, run }: Route, deps: HttpDeps): Promise<Reply> {
  const request = context.req.raw;
  const identified = authenticate(request, spec, deps.verifier);
  const principal: Principal | null = identified instanceof Promise ? await identified : identified;
  authorise(principal, spec);
  const expectsBody = spec.body !== undefined;
  if (expectsBody && request.body !== null) requireJson(request);
  const key = idempotencyKey(request, spec.idempotency);
  const rawBody = expectsBody ? await readBody(request, deps.scheduler, deps.bodyTimeoutMs) : NO_BODY;
  const checked: CheckedRequest = {
    params: storable("path", context.req.param()),
    query: queryOf(request.url),
    headers: headersOf(request, spec),
    body: rawBody.byteLength > 0 ? parseJson(rawBody) : undefined,
    principal,
    idempotency: key === null ? null : idempotencyClaim(principal, spec.method, context.req.path, key, rawBody),
    waitMs: spec.wait ? preferredWaitMs(request.headers.get("prefer")) : 0,
    rawBody,
    traceparent: traceparentOf(request),
    signal: request.signal,
    keepOpen: () => context.env?.keepOpen?.(request),
    raw: request,
  };
  return run(checked);
}

const NO_BODY = new Uint8Array(0);

/** Each parameter as a text, or as a list of texts where it is given more than once. */
function queryOf(url: string): Record<string, string | string[]> {
  const start = url.indexOf("?");
  if (start === -1) return {};
  const given = Map.groupBy(new URLSearchParams(url.slice(start)), ([name]) => name);
  // fromEntries makes plain own properties, whatever their names.
  const query = Object.fromEntries(
    [...given].map(([name, pairs]) => {
      const values = pairs.map(([, value]) => value);
      const [only] = values;
      return [name, only !== undefined && values.length === 1 ? only : values];
    }),
  );
  return storable("query", query);
}

function storable<T extends Record<string, string | string[]>>(part: "path" | "query", values: T): T {
  const errors: FieldError[] = Object.entries(values)
    .filter(([name, value]) => !isStorable(name) || ![value].flat().every(isStorable))
    .map(([name]) => ({ field: `${part}.${name}`, message: "must not contain NUL" }));
  if (errors.length > 0) throw new ProblemError(invalid(errors));
  return values;
}

function headersOf(request: Request, spec: RouteSpec): Record<string, string | undefined> | undefined {
  if (!spec.headers) return undefined;
  return Object.fromEntries(
    Object.keys(spec.headers.shape).map((name) => [name, request.headers.get(name) ?? undefined]),
  );
}

function traceparentOf(request: Request): string | null {
  const value = request.headers.get("traceparent");
  return value !== null && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(value) ? value : null;
}
