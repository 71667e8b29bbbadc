/**
 * One process of the platform: the given modules over the given ports. It knows no mode; `platform.ts` chooses
 * what the ports are, a simulation gives it its own.
 */
import type { SharedState } from "./cache/port.ts";
import { traceRedis } from "./cache/trace-redis.ts";
import type { Clock } from "./clock.ts";
import type { WebhookSettings } from "./config/webhook-settings.ts";
import { observePool } from "./database/observe-pool.ts";
import type { Database } from "./database/port.ts";
import { traceDatabase } from "./database/trace-database.ts";
import { createEventStreams } from "./http/event-streams.ts";
import type { Route } from "./http/route.ts";
import type { Ids } from "./ids.ts";
import { invariant } from "./invariant.ts";
import { inModule, type Log } from "./log.ts";
import { findEarlierRequest } from "./messages/earlier-request.ts";
import { type LaneLoad, NO_LOAD } from "./messages/lane.ts";
import type { Deadlines, MessagingSettings, Module, ModuleEnvironment, PreparedModule } from "./module.ts";
import { EDGE } from "./registry.ts";
import type { Breakers } from "./rpc/circuit-breaker.ts";
import { createRpc } from "./rpc/dispatch.ts";
import { measuredClient, measuredHandlers } from "./rpc/measure-rpc.ts";
import { methodName, type RpcClient, type RpcHandler } from "./rpc/port.ts";
import { traceRpcClient, traceRpcHandler } from "./rpc/trace-rpc.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Metrics } from "./telemetry/metrics/metrics.ts";
import { NO_TRACER, type Tracer } from "./telemetry/tracer.ts";
import { observeLag } from "./transport/observe-lag.ts";
import { traceTransport } from "./transport/trace-transport.ts";

export interface ProcessDeps extends Omit<MessagingSettings, "replica" | "exclusive" | "condition" | "tracer"> {
  readonly modules: readonly Module[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  /** The database of a schema: a module's or a side schema's. */
  readonly database: (module: string, schema: string) => Database;
  /** Asks modules that run in other processes; absent where all of them run here. */
  readonly remote?: RpcClient;
  /** Keep calls from modules here that do not answer; each is asked in any case when left out. */
  readonly breakers?: Breakers;
  readonly shared: Pick<SharedState, "cache" | "hints" | "close">;
  readonly log: Log;
  /** Nothing is traced when left out. */
  readonly tracing?: Tracing;
  /** Nothing is measured without. */
  readonly metrics?: Metrics;
  readonly deadlines: Deadlines;
  readonly webhooks: (module: string) => WebhookSettings;
  /** Nobody else can use the module's database (embedded server, locked directory). */
  readonly exclusive: (module: string) => boolean;
  /** Null while the module's database answers, else why it does not. */
  readonly condition: (module: string, problem: string | null) => void;
  /** How many event streams may be open at once. */
  readonly streamLimit: number;
  readonly streamLimitPerCaller: number;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** What carries messages, as the service map is to call it. */
  readonly transport: string;
  /** The cache is a Redis: what is asked of it leaves the process. */
  readonly isCacheRemote: boolean;
}

export interface PlatformProcess {
  /** Routes of all modules here. */
  readonly routes: readonly Route[];
  /** Asks the modules; for what belongs to none of them. */
  readonly rpc: RpcClient;
  /** What the modules here answer, for those in other processes. */
  readonly rpcHandlers: readonly RpcHandler[];
  /** Resolves when every module has taken its shards and resumed what was left in them. */
  start(): Promise<void>;
  /** Requests that wait for a change (`Prefer: wait`) are answered with what is known, and streams end: `stop` is near. */
  endWaits(): void;
  stop(): Promise<void>;
  seedDemo(): Promise<void>;
  /** Of all lanes here together; the backlog is the longest of them. */
  load(): LaneLoad;
  /** What each module has queued and in hand. */
  depth(): Readonly<Record<string, ReturnType<PreparedModule["depth"]>>>;
}

/** A module asks what its declaration says, in every shape: where it runs apart, others would refuse it. */
function asDeclared({ name, asks }: Module, rpc: RpcClient): RpcClient {
  const declared = new Set(asks.map(methodName));
  return {
    async call(method, request, options) {
      invariant(declared.has(methodName(method)), () => `${name} does not declare that it asks ${methodName(method)}`);
      return rpc.call(method, request, options);
    },
  };
}

/** Builds the process; nothing runs before `start`. */
export function createProcess(deps: ProcessDeps): PlatformProcess {
  const { clock, scheduler, ids, log, tracing } = deps;
  const tracer = tracing?.tracer ?? NO_TRACER;
  const transport = tracing ? traceTransport(deps.transport, tracer, tracing.transport) : deps.transport;
  const handlers: RpcHandler[] = [];
  const databases: Database[] = [];
  const open = (module: string, schema: string) => {
    const database = deps.database(module, schema);
    databases.push(database);
    if (deps.metrics) observePool(deps.metrics, schema, database);
    // A side schema stands for somebody outside, who would trace nothing for us.
    return tracing && schema === module ? traceDatabase(database, tracer, module) : database;
  };
  const environments = new Map<string, ModuleEnvironment>();
  // Modules ask each other only once all of them are prepared.
  let opened: RpcClient | undefined;
  const rpc: RpcClient = {
    call(method, request, options) {
      opened ??= measuredClient(createRpc({ ...deps, local: handlers }), deps.metrics);
      return opened.call(method, request, options);
    },
  };

  const asking = (client: RpcClient, asker: string) => (tracing ? traceRpcClient(client, tracer, asker) : client);

  const { streamLimit: limit, streamLimitPerCaller: limitPerCaller } = deps;
  const streams = createEventStreams({ clock, scheduler, log, limit, limitPerCaller });
  const prepared = deps.modules.map((module) => {
    const database = open(module.name, module.name);
    const environment: ModuleEnvironment = {
      database,
      sideDatabase: (schema) => open(module.name, schema),
      rpc: asking(asDeclared(module, rpc), module.name),
      travelling: () => transport.travelling(module.name),
      earlier: (claim) => findEarlierRequest(database, claim),
      cache: tracing?.isCacheRemote ? traceRedis(deps.shared.cache, tracer, module.name) : deps.shared.cache,
      hints: deps.shared.hints,
      clock,
      scheduler,
      ids,
      log: inModule(log, module.name),
      streams,
      deadlines: deps.deadlines,
      webhooks: deps.webhooks(module.name),
    };
    environments.set(module.name, environment);
    return module.prepare(environment);
  });
  for (const { rpc: served } of prepared) {
    const traced = tracing ? served.map((handler) => traceRpcHandler(handler, tracer)) : served;
    handlers.push(...measuredHandlers(traced, deps.metrics));
  }
  if (deps.metrics) observeLag(deps.metrics, transport, deps.modules);
  const replica = ids.next();
  for (const module of prepared)
    module.wire({
      ...deps,
      transport,
      tracer,
      replica,
      exclusive: deps.exclusive(module.name),
      condition: (problem) => deps.condition(module.name, problem),
    });

  const endWaits = () => {
    streams.end();
    for (const module of prepared) module.endWaits();
  };

  return {
    routes: prepared.flatMap((module) => module.routes()),
    rpc: asking(rpc, EDGE),
    rpcHandlers: handlers,
    async start() {
      transport.consume(deps.activity.isActive());
      deps.activity.onChange(transport.consume);
      await Promise.all(prepared.map((module) => module.start()));
      await transport.start();
    },
    endWaits,
    async stop() {
      endWaits();
      await transport.stop();
      await Promise.all(prepared.map((module) => module.stop()));
      await Promise.all(databases.map((database) => database.close()));
      deps.shared.close();
    },
    async seedDemo() {
      for (const module of deps.modules) {
        const environment = environments.get(module.name);
        if (environment) await module.seedDemo(environment);
      }
    },
    load: () =>
      prepared.reduce((sum, module) => {
        const { underWay, backlogMs } = module.load();
        return { underWay: sum.underWay + underWay, backlogMs: Math.max(sum.backlogMs, backlogMs) };
      }, NO_LOAD),
    depth: () => Object.fromEntries(prepared.map((module) => [module.name, module.depth()])),
  };
}
