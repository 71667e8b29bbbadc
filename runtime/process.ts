/**
 * One process of the platform: the given modules over the given ports. It knows no mode; `platform.ts` chooses
 * what the ports are, a simulation gives it its own.
 */
import type { SharedState } from "./cache/port.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database/port.ts";
import type { Route } from "./http/route.ts";
import type { Ids } from "./ids.ts";
import { invariant } from "./invariant.ts";
import type { LaneLimits } from "./messages/lane.ts";
import type { Log } from "./messages/log.ts";
import type { Retention } from "./messages/retention.ts";
import type { Deadlines, Module, ModuleEnvironment, PreparedModule } from "./module.ts";
import type { Breakers } from "./rpc/circuit-breaker.ts";
import { createDirectRpc } from "./rpc/direct.ts";
import { createRpc } from "./rpc/dispatch.ts";
import { methodName, type RpcClient, type RpcHandler } from "./rpc/port.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Transport } from "./transport/port.ts";

export interface ProcessDeps {
  readonly modules: readonly Module[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly transport: Transport;
  /** The database of a schema: a module's or a side schema's. */
  readonly database: (module: string, schema: string) => Database;
  /** Asks modules that run in other processes; absent where all of them run here. */
  readonly remote?: RpcClient;
  /** Keep calls from modules here that do not answer; each is asked in any case when left out. */
  readonly breakers?: Breakers;
  readonly shared: SharedState;
  readonly log: Log;
  readonly deadlines: Deadlines;
  /** Nobody else can use the module's database (embedded server, locked directory). */
  readonly exclusive: (module: string) => boolean;
  /** Null while the module's database answers, else why it does not. */
  readonly condition: (module: string, problem: string | null) => void;
  readonly limits: LaneLimits;
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly pollMs: number;
  readonly callConcurrency: number;
  readonly retention: Retention;
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
  /** Requests that wait for a change (`Prefer: wait`) are answered with what is known: `stop` is near. */
  endWaits(): void;
  stop(): Promise<void>;
  seedDemo(): Promise<void>;
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
  const { clock, scheduler, ids, log, transport } = deps;
  const handlers: RpcHandler[] = [];
  const databases: Database[] = [];
  const open = (module: string, schema: string) => {
    const database = deps.database(module, schema);
    databases.push(database);
    return database;
  };
  const environments = new Map<string, ModuleEnvironment>();
  // Modules ask each other only once all of them are prepared.
  const rpc: RpcClient = {
    call: (method, request, options) => client().call(method, request, options),
  };
  let opened: RpcClient | undefined;
  const client = () => {
    const { remote, breakers } = deps;
    opened ??= remote
      ? createRpc({ local: handlers, remote, scheduler, ...(breakers ? { breakers } : {}) })
      : createDirectRpc(handlers, scheduler, breakers);
    return opened;
  };

  const prepared = deps.modules.map((module) => {
    const environment: ModuleEnvironment = {
      database: open(module.name, module.name),
      sideDatabase: (schema) => open(module.name, schema),
      rpc: asDeclared(module, rpc),
      travelling: () => transport.travelling(module.name),
      cache: deps.shared.cache,
      hints: deps.shared.hints,
      clock,
      scheduler,
      ids,
      log,
      deadlines: deps.deadlines,
    };
    environments.set(module.name, environment);
    return module.prepare(environment);
  });
  for (const module of prepared) handlers.push(...module.rpc);
  const replica = ids.next();
  for (const module of prepared)
    module.wire({
      transport,
      replica,
      exclusive: deps.exclusive(module.name),
      condition: (problem) => deps.condition(module.name, problem),
      limits: deps.limits,
      leaseMs: deps.leaseMs,
      renewMs: deps.renewMs,
      pollMs: deps.pollMs,
      callConcurrency: deps.callConcurrency,
      retention: deps.retention,
    });

  const endWaits = () => {
    for (const module of prepared) module.endWaits();
  };

  return {
    routes: prepared.flatMap((module) => module.routes()),
    rpc,
    rpcHandlers: handlers,
    async start() {
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
    depth: () => Object.fromEntries(prepared.map((module) => [module.name, module.depth()])),
  };
}
