import { Hono } from "hono";
import { addressed } from "./addressed.ts";
import { type FailureDeps, failure } from "./failure.ts";
import { headersFault } from "./header-limits.ts";
import { problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";
import { secured } from "./security-headers.ts";

/** What the server passes along with a request. */
export interface RequestBindings {
  /** Lifts the idle time-out of this request's connection. */
  readonly keepOpen?: (request: Request) => void;
  /** The address at the other end of this request's connection. */
  readonly peer?: (request: Request) => string | null;
  /** The client asked HEAD: the answer's body is measured and dropped, so it must end. */
  readonly head?: boolean;
}

export type AppEnv = { Bindings: RequestBindings };
/** Routes and pages are mounted on this; `handlerOf` makes it answer. */
export type App = Hono<AppEnv>;

export const URL_LIMIT = 4096;

/** An app without routes: unknown paths are 404 problems, what a page throws is a 500 problem. */
export function createApp(deps: FailureDeps): App {
  const app = new Hono<AppEnv>();
  app.notFound((context) => problemResponse(problem("not-found", `There is nothing at ${shown(context.req.path)}.`)));
  app.onError((error, context) => failure(error, { method: context.req.method, path: context.req.path }, deps));
  return app;
}

const shown = (path: string) => (path.length > 200 ? `${path.slice(0, 200)}…` : path);

export type Handler = (request: Request, bindings?: RequestBindings) => Promise<Response>;

/**
 * The app as one function from request to answer: the limits of URL and headers, HEAD, security headers,
 * `Connection: close` while closing. What `turnedAway` answers gets no further: it must cost as little as can be.
 */
export function handlerOf(
  app: App,
  closing: () => boolean = () => false,
  turnedAway: (request: Request) => Response | undefined = () => undefined,
): Handler {
  return async (request, bindings = {}) => {
    const response = turnedAway(request) ?? secured(await responseTo(app, request, bindings));
    if (closing()) response.headers.set("connection", "close");
    return response;
  };
}

function responseTo(app: App, given: Request, bindings: RequestBindings): Response | Promise<Response> {
  if (given.url.length > URL_LIMIT) return urlTooLong();
  const fault = headersFault(given.headers);
  if (fault !== undefined) return problemResponse(problem("headers-too-large", fault), { connection: "close" });
  const request = addressed(given);
  if (request instanceof Response) return request;
  // The server knows the request that it made, and no copy.
  const isCopy = request !== given || request.method === "HEAD";
  return answered(app, request, isCopy ? { ...bindings, peer: () => bindings.peer?.(given) ?? null } : bindings);
}

async function answered(app: App, request: Request, bindings: RequestBindings): Promise<Response> {
  if (request.method !== "HEAD") return app.fetch(request, bindings);
  const get = await app.fetch(new Request(request, { method: "GET" }), { ...bindings, head: true });
  const headers = new Headers(get.headers);
  // The framework drops the body of HEAD with its length; the headers of GET include it.
  if (get.body !== null) headers.set("content-length", String((await get.arrayBuffer()).byteLength));
  return new Response(null, { status: get.status, headers });
}

const urlTooLong = () =>
  problemResponse(problem("url-too-long", `The URL is longer than ${URL_LIMIT} characters. Send a shorter one.`), {
    connection: "close",
  });
