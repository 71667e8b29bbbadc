/**
 * Puts routes on an app. The order of checks is part of the API: 503 where new work is not taken now, 404 path, 405
 * method, 401 token, 429 rate, 403 role and scope, 415 content type, 400 Idempotency-Key, 413 size, 400 JSON, 400 schemas
 * (all faults of one part at once; after path, query and headers, before the body: 404 for an object that is not the
 * caller's), then the handler. Nothing of the body is read before the rights of the role are known. A handler that throws
 * anything but a `ProblemError` is a 500 without internals, reported to `onError`; a database that does not answer is a
 * 503, and the client sends the same request again.
 */
import type { Context } from "hono";
import type { Principal } from "../identity/principal.ts";
import type { TokenVerifier } from "../identity/token-verifier.ts";
import type { OperatorAction } from "../messages/audit.ts";
import { clearedError } from "../personal-data.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import { traceIdOf } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Admission, Place } from "./admission.ts";
import type { App, AppEnv } from "./app.ts";
import { authenticate, authorise } from "./authorise.ts";
import { readBody, requireJson } from "./body.ts";
import { checkReply } from "./check-reply.ts";
import { type FailureDeps, failure, methodNotAllowed } from "./failure.ts";
import { idempotencyClaim, idempotencyKey } from "./idempotency.ts";
import { isStorable, parseJson } from "./json-text.ts";
import { measureRequests } from "./measure-requests.ts";
import { preferredWaitMs } from "./preferences.ts";
import { type FieldError, ProblemError } from "./problem.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { type Reply, toResponse } from "./reply.ts";
import { checkRights } from "./rights-faults.ts";
import type { CheckedRequest, Route, RouteSpec } from "./route.ts";
import { type Answering, traceRequests } from "./trace-requests.ts";
import { invalid } from "./validation.ts";

export interface HttpDeps extends FailureDeps {
  readonly verifier: TokenVerifier;
  readonly scheduler: Scheduler;
  readonly bodyTimeoutMs: number;
  /** Refuses those who ask too often; absent where nobody is limited. */
  readonly rateLimiter?: RateLimiter;
  /** Is told of new work; absent where all of it is taken. */
  readonly admission?: Admission;
  /** Nothing is measured without. */
  readonly metrics?: Metrics;
  /** In development and tests: an answer that the route does not document is a bug, reported and answered as 500. */
  readonly checkReplies?: boolean;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer;
  /** Whose routes these are, where their tags do not say it. */
  readonly module?: string;
}

/** Mounts routes; for each path, other methods are answered 405. Throws a `StartError` where rights are not declared. */
export function mountRoutes(app: App, routes: readonly Route[], deps: HttpDeps): void {
  checkRights(routes);
  const byPath = Map.groupBy(routes, ({ spec }) => spec.path);
  // The router takes the first match: fixed segments must come before parameters.
  for (const path of [...byPath.keys()].sort(bySpecificity)) {
    const own = byPath.get(path) ?? [];
    const pattern = path.replaceAll(/\{([^}]+)\}/g, ":$1");
    for (const route of own) {
      const { spec } = route;
      const module = deps.module ?? spec.tag ?? "";
      const answering: Answering = (context, traceparent) => answer(context, route, module, traceparent, deps);
      const traced = traceRequests(answering, spec, module, deps.tracer);
      app.on(spec.method, pattern, measureRequests(traced, spec, module, deps.metrics));
    }
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

async function answer(
  context: Context<AppEnv>,
  route: Route,
  module: string,
  traceparent: string | null,
  deps: HttpDeps,
): Promise<Response> {
  try {
    // A stream without a reader would never end.
    if (context.env?.head && isStream(route.spec)) return methodNotAllowed(allowed([route]));
    const reply = await handled(context, route, traceparent, deps);
    if (deps.checkReplies) await checkReply(route.spec, reply);
    return toResponse(reply);
  } catch (error) {
    return failure(error, { method: context.req.raw.method, path: context.req.path, module, traceparent }, deps);
  }
}

const NO_PLACE: Place = { begun: () => undefined, left: () => undefined };

async function handled(
  context: Context<AppEnv>,
  { spec, run }: Route,
  traceparent: string | null,
  deps: HttpDeps,
): Promise<Reply> {
  const request = context.req.raw;
  const identified = deps.rateLimiter
    ? counted(context, spec, deps, deps.rateLimiter)
    : authenticate(request, spec, deps.verifier);
  const principal: Principal | null = identified instanceof Promise ? await identified : identified;
  authorise(principal, spec);
  const expectsBody = spec.body !== undefined;
  if (expectsBody && request.body !== null) requireJson(request);
  const key = idempotencyKey(request, spec.idempotency);
  const rawBody = expectsBody ? await readBody(request, deps.scheduler, deps.bodyTimeoutMs) : NO_BODY;
  const params = storable("path", context.req.param());
  const claim = key === null ? null : idempotencyClaim(principal, spec.method, context.req.path, key, rawBody);
  const checked: Omit<CheckedRequest, "begun"> = {
    params,
    query: queryOf(request.url),
    headers: headersOf(request, spec),
    body: rawBody.byteLength > 0 ? parseJson(rawBody) : undefined,
    principal,
    idempotency: claim,
    operator:
      principal?.role === "operator" && spec.method !== "GET"
        ? operatorAction(principal, spec, params, { id: deps.ids.next(), scope: claim?.scope ?? null, traceparent })
        : null,
    waitMs: spec.wait ? preferredWaitMs(request.headers.get("prefer")) : 0,
    rawBody,
    traceparent,
    signal: request.signal,
    keepOpen: () => context.env?.keepOpen?.(request),
    raw: request,
  };
  const place = (spec.beginsWork ? deps.admission?.enter() : undefined) ?? NO_PLACE;
  try {
    return await run({ ...checked, begun: place.begun });
  } catch (error) {
    // A problem is told to who asked; what is behind it, or is none, goes into the log.
    clearedError(error instanceof ProblemError ? error.cause : error, [checked.body]);
    throw error;
  } finally {
    place.left();
  }
}

/** Who calls, counted among its requests; a token that is not valid counts for the address. Rejects with 401, 429 or 503. */
async function counted(
  context: Context<AppEnv>,
  spec: RouteSpec,
  { verifier }: HttpDeps,
  limiter: RateLimiter,
): Promise<Principal | null> {
  const request = context.req.raw;
  const from = { peer: context.env?.peer?.(request) ?? null, forwardedFor: request.headers.get("x-forwarded-for") };
  let principal: Principal | null;
  try {
    principal = await authenticate(request, spec, verifier);
  } catch (error) {
    // An issuer that is away is nobody's fault.
    if (error instanceof ProblemError && error.problem.status === 401) await limiter.countUnauthenticated(from);
    throw error;
  }
  await limiter.count(spec, principal, from);
  return principal;
}

const operatorAction = (
  { subject, issuer }: Principal,
  { method, path }: RouteSpec,
  objects: Readonly<Record<string, string>>,
  request: { readonly id: string; readonly scope: string | null; readonly traceparent: string | null },
): OperatorAction => ({
  id: request.id,
  subject,
  issuer,
  action: `${method} ${path}`,
  objects,
  scope: request.scope,
  traceId: request.traceparent && traceIdOf(request.traceparent),
});

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
