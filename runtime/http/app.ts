import { Hono } from "hono";
import type { Ids } from "../ids.ts";
import { addressed } from "./addressed.ts";
import { failure, type HttpDeps } from "./mount.ts";
import { problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";
import { secured } from "./security-headers.ts";

/** What the server passes along with a request. */
export interface RequestBindings {
  /** Lifts the idle time-out of this request's connection. */
  readonly keepOpen?: (request: Request) => void;
  /** The client asked HEAD: the answer's body is measured and dropped, so it must end. */
  readonly head?: boolean;
}

export type AppEnv = { Bindings: RequestBindings };
/** Routes and pages are mounted on this; `handlerOf` makes it answer. */
export type App = Hono<AppEnv>;

export const URL_LIMIT = 4096;

export interface AppOptions {
  readonly ids: Ids;
  readonly onError: HttpDeps["onError"];
}

/** An app without routes: unknown paths are 404 problems, what a page throws is a 500 problem. */
export function createApp(options: AppOptions): App {
  const app = new Hono<AppEnv>();
  app.notFound((context) => problemResponse(problem("not-found", `There is nothing at ${shown(context.req.path)}.`)));
  app.onError((error, context) => failure(error, context.req.method, context.req.path, options));
  return app;
}

const shown = (path: string) => (path.length > 200 ? `${path.slice(0, 200)}…` : path);

export type Handler = (request: Request, bindings?: RequestBindings) => Promise<Response>;

/** The app as one function from request to answer: URL and its limit, HEAD, security headers, `Connection: close` while closing. */
export function handlerOf(app: App, closing: () => boolean = () => false): Handler {
  return async (request, bindings = {}) => {
    const response = secured(await responseTo(app, request, bindings));
    if (closing()) response.headers.set("connection", "close");
    return response;
  };
}

function responseTo(app: App, given: Request, bindings: RequestBindings): Response | Promise<Response> {
  if (given.url.length > URL_LIMIT) return urlTooLong();
  const request = addressed(given);
  return request instanceof Response ? request : answered(app, request, bindings);
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
