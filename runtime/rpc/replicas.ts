/**
 * Asks every process behind a module's address, where a call asks any one of them: for operators, who want to know how
 * each of them is now.
 *
 * The host of the address is looked up, and each of its addresses is asked once, all at the same time. Nothing is
 * repeated and no circuit breaker stands in between. One deadline holds for the look-up and the answers together: what
 * is not there by then is told as such, so a process that hangs costs that time and hides none of the others.
 */
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { messageOf } from "../error-text.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Scheduler } from "../scheduler.ts";
import { createConcurrencyLimit } from "./concurrency-limit.ts";
import { type Connections, type OpenConnections, openConnections } from "./exchange.ts";
import type { LookUp } from "./host-addresses.ts";
import { answerOf, requestText, unavailable } from "./outcome.ts";
import { methodName, type RpcMethod, RpcUnavailable } from "./port.ts";
import { RPC_PATH } from "./wire.ts";

export interface ReplicasDeps {
  /** Where a module's processes listen for rpc, such as `http://pricing:8081`. */
  readonly baseUrl: (module: string) => string;
  readonly lookUp: LookUp;
  readonly tokens: ServiceTokens;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** For tests. */
  readonly connections?: OpenConnections;
}

/** What came from one address: its answer, or why there is none. */
export type Replica<Response> = { readonly address: string } & (
  | { readonly answer: Response }
  | { readonly problem: string }
);

/** The name of a host leads to no address. */
export class HostUnknown extends RpcUnavailable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HostUnknown";
  }
}

export interface Replicas {
  /** One line for each address. Rejects with `RpcUnavailable` where no address is found. */
  ask<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: { readonly timeoutMs: number },
  ): Promise<readonly Replica<Response>[]>;
}

/** With what calls use (`http.ts`) it stays below what fetch sends at a time (256). */
const AT_ONCE = 40;
const WAITING = 1000;
const NO_NAME = new Set(["ENOTFOUND", "EAI_NONAME"]);

/** Asks the processes of modules. */
export function createReplicas(deps: ReplicasDeps): Replicas {
  const { clock, scheduler, connections: open = openConnections } = deps;
  const full = () => new RpcUnavailable(`${AT_ONCE} processes are being asked, and ${WAITING} more wait`);
  const limit = createConcurrencyLimit({ atOnce: AT_ONCE, waiting: WAITING, full });

  async function addressesOf(module: string, timeoutMs: number): Promise<readonly string[]> {
    const url = new URL(deps.baseUrl(module));
    // Its certificate is for the name, so whichever process answers there speaks for all.
    if (url.protocol === "https:") return [bare(url)];
    const { hostname } = url;
    const late = () => new RpcUnavailable(`the name service said nothing about ${hostname} in ${timeoutMs} ms`);
    const found = await within(scheduler, timeoutMs, deps.lookUp(hostname), late).catch((error: unknown) => {
      if (error instanceof RpcUnavailable) throw error;
      const code = error instanceof Error && "code" in error ? String(error.code) : messageOf(error);
      const message = `no address is known for ${hostname} (${code}): ${module.toUpperCase()}_RPC_URL or RPC_URL must name where ${module} runs`;
      throw NO_NAME.has(code) ? new HostUnknown(message) : new RpcUnavailable(message);
    });
    return found.map((address) => {
      const each = new URL(url);
      each.hostname = address.includes(":") ? `[${address}]` : address;
      return bare(each);
    });
  }

  async function askOne<Request, Response>(
    connections: Connections,
    method: RpcMethod<Request, Response>,
    sent: { readonly address: string; readonly text: string; readonly endsMs: number; readonly timeoutMs: number },
  ): Promise<Response> {
    const abort = new AbortController();
    const late = () => {
      const silence = new RpcUnavailable(`${methodName(method)} gave no answer in ${sent.timeoutMs} ms`);
      abort.abort(silence);
      return silence;
    };
    const leftMs = () => Math.max(1, Math.floor(sent.endsMs - clock.now()));
    const exchange = async () => {
      const token = await deps.tokens.current();
      const url = `${sent.address}${RPC_PATH}/${method.module}/${method.name}`;
      return limit.run(abort.signal, () =>
        scheduler.external("rpc", () =>
          connections.exchange({ url, token, text: sent.text, timeoutMs: leftMs() }, abort.signal),
        ),
      );
    };
    const exchanged = await within(scheduler, leftMs(), exchange(), late);
    if (!exchanged.ok) throw unavailable(method, exchanged, 1);
    return answerOf(method, exchanged.text);
  }

  return {
    async ask(method, request, { timeoutMs }) {
      const endsMs = clock.now() + timeoutMs;
      const text = requestText(method, request);
      const addresses = await addressesOf(method.module, timeoutMs);
      const connections = open();
      const answers = await Promise.all(
        addresses.map(async (address) => {
          try {
            return { address, answer: await askOne(connections, method, { address, text, endsMs, timeoutMs }) };
          } catch (error) {
            return { address, problem: messageOf(error) };
          }
        }),
      );
      connections.dropIdle();
      return answers;
    },
  };
}

const bare = (url: URL) => url.href.replace(/\/$/, "");
