/** One node of the simulated platform: production processes over simulated ports, and their routes without sockets. */

import { DatabaseError } from "../../runtime/database/port.ts";
import { opsRoutes } from "../../runtime/edge/ops.ts";
import { type Reconciliation, reconcile } from "../../runtime/edge/reconcile/reconcile.ts";
import { idempotencyClaim } from "../../runtime/http/idempotency.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import type { CheckedRequest, Method } from "../../runtime/http/route.ts";
import { shutDown } from "../../runtime/http/shutdown.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Log } from "../../runtime/log.ts";
import { DEFAULT_LANE_LIMITS } from "../../runtime/messages/lane.ts";
import { DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import type { Deadlines, Module } from "../../runtime/module.ts";
import { secret } from "../../runtime/secret.ts";
import type { Outside } from "./outside.ts";
import type { Colours } from "./platform-colours.ts";
import { createProcesses } from "./platform-processes.ts";
import type { Shape } from "./platform-shape.ts";
import { between, oneOf } from "./seed.ts";
import type { NodeContext, World } from "./workload.ts";

export interface PlatformRequest {
  readonly method: Method;
  /** As the route declares it. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Who asks: a customer by name, or the operators. */
  readonly customer: string | null;
  readonly query?: Readonly<Record<string, unknown>>;
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
  /** Holds the books of all modules against each other. Rejects when a module does not answer. */
  reconcile(): Promise<Reconciliation>;
  /** Whether nothing is queued, no message waits for an earlier one, and no question for its answer. */
  isIdle(): boolean;
  /** Ends the process in order, as SIGTERM does; whatever was asked of it until then gets its answer or a refusal. */
  stop(): Promise<void>;
}

/** The waits of a seed, all in proportion to the poll: real ones would make most statements idle ones. */
export interface Tempo {
  readonly pollMs: number;
  readonly renewMs: number;
  readonly leaseMs: number;
  readonly batchLimit: number;
  readonly commandQueueLimit: number;
  /** How often is looked for what is old enough to be forgotten. Nothing in a seed is. */
  readonly retainEveryMs: number;
  readonly deadlines: Deadlines;
}

const CALL_CONCURRENCY = 8;
const STOP_POLL_MS = 20;
/** A request that the stopped modules have refused is answered within so much time. */
const LAST_ANSWERS_MS = 1000;

/** What the log says of a bug. */
const ALARMING: ReadonlySet<string> = new Set(["message.parked", "batch.rejected", "message.unreadable"]);

const PARKS: ReadonlySet<string> = new Set(["message.parked", "batch.rejected"]);

/** Starts one life of a node. */
export async function startNode(
  world: World<PlatformNode>,
  context: NodeContext,
  shape: Shape,
  modules: readonly Module[],
  tempo: Tempo,
  outsides: ReadonlyMap<string, Outside>,
  colours: Colours,
  mayPark: (key: string) => boolean,
): Promise<PlatformNode> {
  const { clock, scheduler, actor } = context;
  const { faults, trace } = world;
  const stopRandom = world.random(`stop ${actor.name}`);
  const outsideRandom = world.random(`outside ${actor.name}`);
  // Held back, they are not missed; repeated, they change nothing.
  const simulatedCopies = oneOf(world.random(`webhooks ${actor.name}`), [0, 1, 1, 2]);
  const log: Log = (level, event, fields) => {
    const text = `${event} ${Object.entries(fields)
      .map(([name, value]) => `${name}=${String(value).split("\n", 1)[0]}`)
      .join(" ")}`;
    trace.line(`  ${actor.name} ${level} ${text}`);
    const isMeant = PARKS.has(event) && mayPark(String(fields["key"]));
    if (ALARMING.has(event) && !isMeant) world.violation(text);
  };
  const platform = createProcesses(world, context, shape, modules, {
    clock,
    scheduler,
    ids: createIds(clock, context.random),
    database(module, schema) {
      if (schema === module) return context.database(schema);
      const outside = outsides.get(schema);
      if (outside === undefined) throw new Error(`the simulation knows no outside system ${schema}`);
      return outside.databaseFor(context, outsideRandom);
    },
    log,
    deadlines: tempo.deadlines,
    webhooks: () => ({ secrets: () => [secret("of the simulation")], simulatedCopies }),
    exclusive: () => false,
    activity: colours.activityOf(context, log),
    condition: () => undefined,
    limits: { ...DEFAULT_LANE_LIMITS, batchLimit: tempo.batchLimit, commandQueueLimit: tempo.commandQueueLimit },
    leaseMs: tempo.leaseMs,
    renewMs: tempo.renewMs,
    pollMs: tempo.pollMs,
    callConcurrency: CALL_CONCURRENCY,
    retention: { ...DEFAULT_RETENTION, everyMs: tempo.retainEveryMs },
    streamLimit: 1,
    streamLimitPerCaller: 1,
  });
  const routes = [
    ...platform.routes,
    ...opsRoutes({ rpc: platform.rpc, modules: modules.map(({ name }) => name), clock, scheduler }),
  ];
  await platform.start();
  const pending = new Map<number, string>();
  let requests = 0;
  let isClosed = false;

  async function answer(request: PlatformRequest): Promise<PlatformAnswer> {
    const route = routes.find(({ spec }) => spec.method === request.method && spec.path === request.path);
    if (route === undefined) throw new Error(`there is no route ${request.method} ${request.path}`);
    try {
      const reply = await route.run(checked(request));
      return "response" in reply
        ? { status: reply.response.status, body: null }
        : { status: reply.status, body: reply.body };
    } catch (error) {
      if (error instanceof ProblemError) return { status: error.problem.status, body: error.problem };
      // As the HTTP layer answers it.
      if (error instanceof DatabaseError && error.kind === "unavailable") return { status: 503, body: null };
      world.violation(`${request.method} ${request.path} is answered 500: ${String(error)}`);
      throw error;
    }
  }

  async function untilAnswered(mostMs: number) {
    for (let waitedMs = 0; pending.size > 0 && waitedMs < mostMs; waitedMs += STOP_POLL_MS)
      await scheduler.sleep(STOP_POLL_MS);
  }

  return {
    async send(request) {
      if (isClosed) throw new Error("the node has closed its ports");
      const number = requests++;
      pending.set(number, `${request.method} ${request.path} with ${request.idempotencyKey ?? "no key"}`);
      try {
        return await answer(request);
      } finally {
        pending.delete(number);
      }
    },
    reconcile: () => reconcile({ rpc: platform.rpc, clock, scheduler }),
    isIdle: () =>
      platform.asksElsewhere() === 0 &&
      Object.values(platform.depth()).every(({ queued, commands, waiting }) => queued + commands + waiting === 0),
    async stop() {
      // Requests under way are given time, or none: then it is the modules that must refuse them.
      const requestsMs = oneOf(stopRandom, [0, 3000]);
      const steps = [
        { name: "readiness", run: () => scheduler.sleep(between(stopRandom, 0, 500)) },
        {
          name: "http",
          run: async () => {
            isClosed = true;
            platform.endWaits();
            await untilAnswered(requestsMs);
            platform.closePorts();
          },
        },
        { name: "modules", run: platform.stop },
        { name: "last answers", run: () => untilAnswered(LAST_ANSWERS_MS) },
      ];
      const report = await shutDown(steps, { scheduler, deadlineMs: oneOf(stopRandom, [2000, 10_000]) });
      for (const { name, error } of report.failed) world.violation(`stopping ${name} failed: ${String(error)}`);
      faults.count(report.left.length === 0 ? "stoppedInOrder" : "stoppedByDeadline");
      // Modules here refuse what they are asked; whoever waits for those elsewhere, or for a slow outside, is not told in time.
      const waitsOutside = [...outsides.values()].some((outside) => outside.awaitedBy(actor) > 0);
      if (report.left.length > 0 || platform.asksElsewhere() > 0 || waitsOutside) return;
      for (const name of pending.values())
        world.violation(`${actor.name} has stopped in order and owes an answer to ${name}`);
    },
  };
}

/** What the HTTP layer hands a route after its own checks. */
function checked(request: PlatformRequest): CheckedRequest {
  const { method, path, params, query, customer, body, idempotencyKey, waitMs } = request;
  const principal: Principal = {
    subject: customer ?? "operator",
    role: customer === null ? "operator" : "customer",
    scopes: customer === null ? ["ops:*"] : [],
    issuer: "simulation",
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const rawBody = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
  return {
    params: params ?? {},
    query: query ?? {},
    headers: {},
    body,
    principal,
    idempotency:
      idempotencyKey === undefined ? null : idempotencyClaim(principal, method, path, idempotencyKey, rawBody),
    operator: null,
    waitMs: waitMs ?? 0,
    rawBody,
    traceparent: null,
    signal: new AbortController().signal,
    begun: () => undefined,
    keepOpen: () => undefined,
    raw: new Request("http://simulation/"),
  };
}
