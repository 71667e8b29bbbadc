/** One node of the simulated platform: the production process over simulated ports, and its routes without sockets. */
import { idempotencyClaim } from "../../runtime/http/idempotency.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import type { CheckedRequest, Method } from "../../runtime/http/route.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { createIds } from "../../runtime/ids.ts";
import { DEFAULT_LANE_LIMITS } from "../../runtime/messages/lane.ts";
import type { Log } from "../../runtime/messages/log.ts";
import { DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import type { Module } from "../../runtime/module.ts";
import { createProcess } from "../../runtime/process.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";
import { outside } from "./outside.ts";
import { createFaultyTransport } from "./transport.ts";
import type { NodeContext, World } from "./workload.ts";

export interface PlatformRequest {
  readonly method: Method;
  /** As the route declares it. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly customer: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly waitMs?: number;
}

export interface PlatformAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface PlatformNode {
  send(request: PlatformRequest): Promise<PlatformAnswer>;
  /** Whether nothing is queued and no message waits for an earlier one. */
  isIdle(): boolean;
}

/** The waits of a seed, all in proportion to the poll: real ones would make most statements idle ones. */
export interface Tempo {
  readonly pollMs: number;
  readonly batchLimit: number;
  readonly commandQueueLimit: number;
  readonly placementMs: number;
  readonly paymentAnswerMs: number;
  readonly paymentRetryForMs: number;
}

const RENEW_POLLS = 5;
const LEASE_POLLS = 15;
const CALL_CONCURRENCY = 8;

/** What the log says of a bug, in a run where no message is bad. */
const ALARMING: ReadonlySet<string> = new Set(["message.parked", "batch.rejected"]);

/** Starts one life of a node. */
export async function startNode(
  world: World<PlatformNode>,
  context: NodeContext,
  modules: readonly Module[],
  tempo: Tempo,
): Promise<PlatformNode> {
  const { clock, scheduler, actor } = context;
  const { loop, faults, trace } = world;
  const outsideRandom = world.random(`outside ${actor.name}`);
  const log: Log = (level, event, fields) => {
    const text = `${event} ${Object.entries(fields)
      .map(([name, value]) => `${name}=${String(value).split("\n", 1)[0]}`)
      .join(" ")}`;
    trace.line(`  ${actor.name} ${level} ${text}`);
    if (ALARMING.has(event)) world.violation(text);
  };
  const platform = createProcess({
    modules,
    clock,
    scheduler,
    ids: createIds(clock, context.random),
    transport: createFaultyTransport({ loop, faults, trace, actor, inner: createInProcessTransport() }),
    database(module, schema) {
      const database = context.database(schema);
      if (schema === module) return database;
      return outside(database, { name: schema, faults, trace, scheduler, random: outsideRandom });
    },
    log,
    deadlines: tempo,
    exclusive: () => false,
    condition: () => undefined,
    limits: { ...DEFAULT_LANE_LIMITS, batchLimit: tempo.batchLimit, commandQueueLimit: tempo.commandQueueLimit },
    leaseMs: LEASE_POLLS * tempo.pollMs,
    renewMs: RENEW_POLLS * tempo.pollMs,
    pollMs: tempo.pollMs,
    callConcurrency: CALL_CONCURRENCY,
    retention: DEFAULT_RETENTION,
  });
  await platform.start();
  return {
    async send(request) {
      const route = platform.routes.find(({ spec }) => spec.method === request.method && spec.path === request.path);
      if (route === undefined) throw new Error(`there is no route ${request.method} ${request.path}`);
      try {
        const reply = await route.run(checked(request));
        return "response" in reply
          ? { status: reply.response.status, body: null }
          : { status: reply.status, body: reply.body };
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        return { status: error.problem.status, body: error.problem };
      }
    },
    isIdle: () =>
      Object.values(platform.depth()).every(({ queued, commands, waiting }) => queued + commands + waiting === 0),
  };
}

/** What the HTTP layer hands a route after its own checks. */
function checked({ method, path, params, customer, body, idempotencyKey, waitMs }: PlatformRequest): CheckedRequest {
  const principal: Principal = {
    subject: customer,
    role: "customer",
    scopes: [],
    issuer: "simulation",
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const rawBody = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
  return {
    params: params ?? {},
    query: {},
    headers: {},
    body,
    principal,
    idempotency:
      idempotencyKey === undefined ? null : idempotencyClaim(principal, method, path, idempotencyKey, rawBody),
    waitMs: waitMs ?? 0,
    rawBody,
    traceparent: null,
    signal: new AbortController().signal,
    keepOpen: () => undefined,
    raw: new Request("http://simulation/"),
  };
}
