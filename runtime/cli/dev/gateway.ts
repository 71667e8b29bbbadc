/**
 * One port in front of several processes, for local use: routes by path as the load balancer of the cluster does. The
 * first segment below the API's prefix chooses the module's processes, everything else goes where the edge runs; several
 * replicas are taken in turn. A process that refuses the connection is passed over; when none takes it, the answer is a
 * 503 and the client sends the same request again. A request is never sent twice to a process that may have taken it.
 */
import { addressed } from "../../http/addressed.ts";
import { problem } from "../../http/problem.ts";
import { problemResponse } from "../../http/reply.ts";
import { hostInUrl } from "../../http/server.ts";
import { StartError } from "../../start-error.ts";

export interface GatewaySettings {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** Base URLs of the processes for a collection (`orders`), or for what is in none; read at each request. */
  readonly upstreams: (collection: string | null) => readonly string[];
}

export interface Gateway {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** The body is read before it is sent on up to this size, so that it can be offered to the next replica. */
const KEPT_BODY_BYTES = 1 << 20;
/** Of the hop to this process, not of the request. */
const HOP_HEADERS = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/** Listens, or throws a `StartError` when the port is taken. */
export function startGateway({ hostname, port, upstreams }: GatewaySettings): Gateway {
  let turn = 0;

  async function answer(given: Request): Promise<Response> {
    const request = addressed(given);
    if (request instanceof Response) return request;
    const url = new URL(request.url);
    const collection = /^\/api\/v1\/([^/]+)/.exec(url.pathname)?.[1] ?? null;
    const bases = upstreams(collection);
    const body = await bodyOf(request);
    const headers = new Headers(request.headers);
    for (const name of HOP_HEADERS) headers.delete(name);
    headers.set("x-forwarded-host", url.host);
    turn++;
    for (let tried = 0; tried < bases.length; tried++) {
      const base = bases[(turn + tried) % bases.length];
      try {
        const reply = await fetch(`${base}${url.pathname}${url.search}`, {
          method: request.method,
          headers,
          body,
          redirect: "manual",
          signal: request.signal,
          decompress: false,
          // The processes are on this machine: the environment's proxy has no way to them, and gets no token.
          proxy: false,
          // Over a connection that is used again Bun sends these twice, where it breaks.
          keepalive: request.method !== "PUT" && request.method !== "DELETE",
        });
        return new Response(reply.body, { status: reply.status, headers: withoutHops(reply.headers) });
      } catch (error) {
        if (!isRefused(error) || body instanceof ReadableStream) break;
      }
    }
    return problemResponse(
      problem("unavailable", "The service behind this path does not answer now. Send the same request again in 1 s."),
      { "retry-after": "1" },
    );
  }

  const server = listen(hostname, port, answer);
  return {
    port: server.port ?? port,
    url: `http://${hostInUrl(hostname)}:${server.port}`,
    stop: () => server.stop(true),
  };
}

/** Nobody listens there, so nothing of the request has arrived. */
const isRefused = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "ECONNREFUSED" || error.code === "ConnectionRefused");

function listen(hostname: string, port: number, answer: (request: Request) => Promise<Response>) {
  try {
    return Bun.serve({
      hostname,
      port,
      // Streams and requests that wait live as long as the process behind lets them.
      idleTimeout: 0,
      reusePort: false,
      development: false,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: answer,
    });
  } catch (cause) {
    throw new StartError(`port ${port} on ${hostname} cannot be had: stop what listens there, or set PORT to another`, {
      cause,
    });
  }
}

async function bodyOf(request: Request): Promise<ArrayBuffer | ReadableStream | null> {
  if (request.body === null) return null;
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  return length <= KEPT_BODY_BYTES ? request.arrayBuffer() : request.body;
}

function withoutHops(given: Headers): Headers {
  const headers = new Headers(given);
  for (const name of HOP_HEADERS) headers.delete(name);
  return headers;
}
