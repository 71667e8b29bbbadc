import * as z from "zod";
import type { Principal } from "../identity/principal.ts";
import type { OperatorAction } from "../messages/audit.ts";
import type { Reply } from "./reply.ts";
import type { DeclaredObject, Rights } from "./rights.ts";
import { validate } from "./validation.ts";

/**
 * A route is plain data with one handler. The same data checks requests (`mountRoutes`) and makes the OpenAPI document,
 * so the two cannot differ. It is known without a running module, so a process documents modules that run elsewhere.
 * Use `z.strictObject` for bodies and queries: an unknown field is then a 400 that names it.
 */

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Idempotency = "required" | "accepted";

type Out<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Rights as a route declares them, with how its object is looked up. */
export type DeclaredRights<Deps> = Rights<DeclaredObject<unknown, Deps>>;

type Seen<R> = R extends { readonly object: DeclaredObject<infer S, never> } ? S : undefined;

export interface IdempotencyClaim {
  /** Caller + method + path + key as a UUID: the primary key of the stored answer. */
  readonly scope: string;
  /** Hash of the raw body as a UUID: another one under the same scope is 422 `idempotency-key-reused`. */
  readonly bodyHash: string;
}

export interface TypedRequest<
  Params,
  Query,
  Headers,
  Body,
  R extends Rights<unknown> = Rights<unknown>,
  I extends Idempotency | undefined = Idempotency | undefined,
> {
  readonly params: Params;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly principal: R["callers"] extends "anyone" ? null : Principal;
  /** What the rights say that the request is about, as far as its caller may see it. */
  readonly object: Seen<R>;
  /** Null where the route takes no key, or takes one as an option and none was sent. */
  readonly idempotency: I extends "required" ? IdempotencyClaim : IdempotencyClaim | null;
  /** For the audit log: what an operator may change by this request. Null for other callers, and where nothing changes. */
  readonly operator: OperatorAction | null;
  /** `Prefer: wait=N` in ms, 0 when absent or not valid, at most 25 s. */
  readonly waitMs: number;
  /** The body's bytes as sent, for signatures. Empty where there is none. */
  readonly rawBody: Uint8Array;
  /** W3C trace context that goes on: of the request's span where it is traced, else of the caller. */
  readonly traceparent: string | null;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Where the route begins work: it is on its way, and no longer counts as waiting to be taken. */
  readonly begun: () => void;
  /** Streams call this: the server's idle time-out no longer applies to this connection. */
  readonly keepOpen: () => void;
  /** The request itself, for what the fields above leave out. Its body is read already. */
  readonly raw: Request;
}

export interface ResponseSpec {
  readonly description: string;
  /** JSON body; left out for an empty answer. */
  readonly schema?: z.ZodType;
  /** Another media type than application/json, such as text/event-stream. */
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly example?: unknown;
}

/** Everything about a route but its handler: what documents are made of. */
export interface RouteSpec {
  readonly method: Method;
  /** OpenAPI form: `/api/v1/orders/{id}`. */
  readonly path: string;
  readonly rights: Rights;
  readonly summary: string;
  readonly description?: string;
  /** Groups operations in documents: the module's name. */
  readonly tag?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Names in lower case. Other headers are allowed and not seen. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly bodyExample?: unknown;
  readonly idempotency?: Idempotency;
  /** Honours `Prefer: wait=N`. */
  readonly wait?: boolean;
  /** Where it is not what its access says: never limited, or as webhooks are. */
  readonly rateLimit?: "none" | "webhooks";
  /** Begins work that goes on after the answer: refused first when the platform has more than it can do. */
  readonly beginsWork?: boolean;
  /** Success and domain refusals (a number of 400 or more is a problem). What the HTTP layer answers by itself is added. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
}

export interface RouteDefinition<
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  H extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
  R extends DeclaredRights<never>,
  I extends Idempotency | undefined,
  Deps,
> extends Omit<RouteSpec, "params" | "query" | "headers" | "body" | "rights" | "idempotency"> {
  readonly rights: R & DeclaredRights<Deps>;
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  readonly idempotency?: I;
  readonly handle: (request: TypedRequest<Out<P>, Out<Q>, Out<H>, Out<B>, R, I>, deps: Deps) => Promise<Reply>;
}

/** A request after every check that needs no schema; `mountRoutes` makes it. */
export interface CheckedRequest extends Omit<TypedRequest<unknown, unknown, unknown, unknown>, "principal" | "object"> {
  readonly principal: Principal | null;
}

/** `Deps`: what its handler works with; nothing once it is bound. */
export interface Route<Deps = void> {
  readonly spec: RouteSpec;
  /** Validates and handles. Throws `ProblemError` for what does not fit the schemas. */
  readonly run: (request: CheckedRequest, deps: Deps) => Promise<Reply>;
}

/** Gives routes what their handlers work with. */
export const bindRoutes = <Deps>(routes: readonly Route<Deps>[], deps: Deps): readonly Route[] =>
  routes.map(({ spec, run }) => ({ spec, run: (request) => run(request, deps) }));

const NOTHING = z.strictObject({});

/** Binds a definition's handler to its schemas. The result is what a module's declaration lists. */
export function route<
  const R extends DeclaredRights<never>,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  const I extends Idempotency | undefined = undefined,
  Deps = void,
>(definition: RouteDefinition<P, Q, H, B, R, I, Deps>): Route<Deps> {
  const { handle, ...spec } = definition;
  return {
    // The cast only widens the literal types; exactOptionalPropertyTypes cannot see that an absent P is absent here.
    spec: spec as RouteSpec,
    async run(checked, deps) {
      const { principal } = checked;
      const params = spec.params ? validate("path", spec.params, checked.params) : undefined;
      const query = validate("query", spec.query ?? NOTHING, checked.query);
      const headers = spec.headers ? validate("header", spec.headers, checked.headers) : undefined;
      const { object: about }: DeclaredRights<Deps> = definition.rights;
      const object =
        typeof about === "string" ? undefined : await about.see({ principal, params: params ?? {}, query }, deps);
      const body = spec.body ? validate("body", spec.body, checked.body) : undefined;
      const typed = { ...checked, params, query, headers, object, body };
      // The schemas have just made these types true; `mountRoutes` has made those of `principal` and `idempotency` true.
      return handle(typed as unknown as TypedRequest<Out<P>, Out<Q>, Out<H>, Out<B>, R, I>, deps);
    },
  };
}
