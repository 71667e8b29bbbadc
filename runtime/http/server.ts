/**
 * A listening port. Guarantees: a port in use or forbidden is a `StartError` with one line; idle connections live longer
 * (75 s) than a balancer's 60 s, so that the balancer never writes into a closing one; `stop` lets requests under way
 * end, refuses new connections, and cuts what is left when `deadlineMs` has passed.
 */
import type { Server } from "bun";
import type { Scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import type { Handler, RequestBindings } from "./app.ts";
import { problem } from "./problem.ts";
import { problemResponse } from "./reply.ts";

const IDLE_TIMEOUT_SECONDS = 75;
/** `readBody` limits what is read and answers 413 itself; Bun's own limit answers without a body, and unread bytes are dropped. */
const BUN_BODY_LIMIT_BYTES = Number.MAX_SAFE_INTEGER;
const STOP_POLL_MS = 10;

export interface ServerOptions {
  readonly handler: Handler;
  readonly hostname: string;
  readonly port: number;
  /** The setting to change when the port is taken, such as `PORT`. */
  readonly portSetting: string;
  readonly scheduler: Scheduler;
  readonly onError: (error: unknown) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly url: string;
  /** Resolves true when every request had its answer, false when some were cut. */
  stop(deadlineMs: number): Promise<boolean>;
}

/** Listens, or throws a `StartError`. */
export function startServer(options: ServerOptions): RunningServer {
  const server = listen(options);
  const port = server.port ?? options.port;
  return {
    port,
    url: `http://${hostInUrl(options.hostname)}:${port}`,
    async stop(deadlineMs) {
      server.stop(false).catch(options.onError);
      for (let waitedMs = 0; server.pendingRequests > 0 && waitedMs < deadlineMs; waitedMs += STOP_POLL_MS) {
        await options.scheduler.sleep(STOP_POLL_MS);
      }
      const finished = server.pendingRequests === 0;
      // What is left are idle connections, and requests that overran.
      await server.stop(true);
      return finished;
    },
  };
}

function listen({ handler, hostname, port, portSetting, onError }: ServerOptions): Server<undefined> {
  let bindings: RequestBindings = {};
  try {
    const server = Bun.serve({
      hostname,
      port,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: BUN_BODY_LIMIT_BYTES,
      development: false,
      // With `development: false` Bun otherwise shares the port: a second process on it would start without an error.
      reusePort: false,
      fetch: (request) => handler(request, bindings),
      error(error) {
        onError(error);
        return problemResponse(
          problem("internal-error", "The request failed by a fault of ours. It has been reported."),
        );
      },
    });
    bindings = {
      keepOpen: (request) => server.timeout(request, 0),
      peer: (request) => server.requestIP(request)?.address ?? null,
    };
    return server;
  } catch (cause) {
    throw new StartError(startFault(cause, hostname, port, portSetting), { cause });
  }
}

function startFault(cause: unknown, hostname: string, port: number, setting: string): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EADDRINUSE")
    return `port ${port} on ${hostname} is in use: stop what listens there, or set ${setting} to another port.`;
  if (code === "EACCES")
    return `port ${port} on ${hostname} is not allowed for this user: set ${setting} to one above 1023.`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `cannot listen on ${hostname} port ${port} (${reason}): check HOST and ${setting}.`;
}

/** An address that is listened on, as a URL of this machine names it. */
export const hostInUrl = (hostname: string) => {
  if (hostname === "0.0.0.0" || hostname === "::") return "localhost";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
};
