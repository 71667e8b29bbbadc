/**
 * Calls the modules of other processes over HTTP.
 *
 * A call ends at its deadline, whatever happens: with the answer, or with `RpcUnavailable` that names the callee and
 * says why. Within it a request is sent at most three times, with jittered pauses, and only where repeating is safe: no
 * connection was made; or the method only reads, and the connection broke off or the callee answered 503 with
 * Retry-After. Each callee has a budget of repetitions, a circuit breaker and a limit of requests at a time, so that one
 * that is away or slow neither gets more load than before nor takes connections from the others. The caller's deadline
 * travels along. What the callee declines (its configuration, contract or a bug) is not repeated, and is the cause of
 * the error, so that it is reported; an outage has none.
 */
import { createBackoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { messageOf } from "../error-text.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { activeSpan } from "../telemetry/active-span.ts";
import { traceparentOf } from "../telemetry/trace-context.ts";
import type { Breakers } from "./circuit-breaker.ts";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./concurrency-limit.ts";
import { type Connections, type Exchanged, type Failure, type OpenConnections, openConnections } from "./exchange.ts";
import { answerOf, requestText, unavailable } from "./outcome.ts";
import { methodName, type RpcClient, type RpcMethod, RpcUnavailable } from "./port.ts";
import { createRetryBudget, type RetryBudget } from "./retry-budget.ts";
import { MOST_TIMEOUT_MS, RPC_PATH } from "./wire.ts";

export interface HttpRpcDeps {
  /** Where a module's process listens for rpc, such as `http://pricing:8081`. */
  readonly baseUrl: (module: string) => string;
  readonly tokens: ServiceTokens;
  readonly breakers: Breakers;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** For tests. */
  readonly connections?: OpenConnections;
}

/** Five callees stay below what fetch sends at a time (256), with room for what is no rpc. */
const AT_ONCE = 40;
const WAITING = 1000;
const ATTEMPTS = 3;
const PAUSES = { firstMs: 30, mostMs: 500 };
/** The reserve repeats once what was under way when a replica died. */
const BUDGET = { callsForOne: 10, reserve: AT_ONCE };

interface Callee {
  readonly connections: Connections;
  readonly budget: RetryBudget;
  readonly limit: ConcurrencyLimit;
}

interface Call {
  readonly method: RpcMethod<unknown, unknown>;
  readonly text: string;
  readonly endsMs: number;
  readonly signal: AbortSignal;
  readonly traceparent: string | undefined;
}

/** A client for modules that run elsewhere. */
export function createHttpRpc(deps: HttpRpcDeps): RpcClient {
  const { clock, scheduler, random, breakers, connections = openConnections } = deps;
  const callees = new Map<string, Callee>();

  function calleeOf(module: string): Callee {
    const known = callees.get(module);
    if (known) return known;
    const full = () => new RpcUnavailable(`${module} has ${AT_ONCE} requests in hand, and ${WAITING} more wait`);
    const callee = {
      connections: connections(),
      budget: createRetryBudget(BUDGET),
      limit: createConcurrencyLimit({ atOnce: AT_ONCE, waiting: WAITING, full }),
    };
    callees.set(module, callee);
    return callee;
  }

  async function attempt(callee: Callee, { method, text, endsMs, signal, traceparent }: Call): Promise<Exchanged> {
    const token = await deps.tokens.current().catch((error) => {
      throw new RpcUnavailable(`${methodName(method)}: ${messageOf(error)}`, { cause: error });
    });
    return callee.limit.run(signal, async () => {
      const leftMs = Math.floor(endsMs - clock.now());
      if (leftMs <= 0) throw new RpcUnavailable(`${methodName(method)} had no turn in time: ${AT_ONCE} others did`);
      const timeoutMs = Math.min(MOST_TIMEOUT_MS, leftMs);
      const url = `${deps.baseUrl(method.module)}${RPC_PATH}/${method.module}/${method.name}`;
      const sent = { url, token, text, timeoutMs, traceparent };
      return scheduler.external("rpc", () => callee.connections.exchange(sent, signal));
    });
  }

  /** How long to wait before the request is sent again; undefined: it is not. */
  function pauseMs({ kind, retryAfterMs }: Failure, backoffMs: number, { method, endsMs }: Call): number | undefined {
    const isSafe =
      kind === "unreachable" ||
      (method.effect !== true && (kind === "lost" || (kind === "busy" && retryAfterMs !== null)));
    const waitMs = Math.max(backoffMs, retryAfterMs ?? 0);
    return isSafe && clock.now() + waitMs < endsMs ? waitMs : undefined;
  }

  async function ask(callee: Callee, call: Call): Promise<Exchanged & { attempts: number }> {
    const backoff = createBackoff(random, PAUSES);
    for (let attempts = 1; ; attempts++) {
      const exchanged = await attempt(callee, call);
      if (exchanged.ok || attempts === ATTEMPTS || breakers(call.method.module).open) return { ...exchanged, attempts };
      const waitMs = pauseMs(exchanged, backoff.nextMs(), call);
      if (waitMs === undefined || !callee.budget.spend()) return { ...exchanged, attempts };
      if (exchanged.kind === "lost") callee.connections.dropIdle();
      await scheduler.sleep(waitMs);
      call.signal.throwIfAborted();
    }
  }

  return {
    async call(method, request, { timeoutMs }) {
      const name = methodName(method);
      const text = requestText(method, request);
      const callee = calleeOf(method.module);
      const admission = breakers(method.module).admit();
      callee.budget.earn();
      const abort = new AbortController();
      const late = () => {
        const silence = new RpcUnavailable(`${name} gave no answer in ${timeoutMs} ms`);
        admission.unanswered(silence.message);
        abort.abort(silence);
        callee.connections.dropIdle();
        return silence;
      };
      const active = activeSpan();
      const traceparent = active && traceparentOf(active.parent);
      const endsMs = clock.now() + timeoutMs;
      const asking = ask(callee, { method, text, endsMs, signal: abort.signal, traceparent });
      const exchanged = await within(scheduler, timeoutMs, asking, late);
      if (exchanged.ok || exchanged.kind === "declined") admission.answered();
      else admission.unanswered(exchanged.reason);
      if (!exchanged.ok) throw unavailable(method, exchanged, exchanged.attempts);
      return answerOf(method, exchanged.text);
    },
  };
}
