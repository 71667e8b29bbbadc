/**
 * A module's one declaration: everything the runtime, the documents and the cloud need to know of it. A module learns
 * nothing of how it is run: the environment gives it a database, a transport's far end, rpc, time and chance.
 */
import type { Cache, Hints } from "./cache/port.ts";
import { type Changes, createChanges } from "./changes.ts";
import type { Clock } from "./clock.ts";
import type { sagaSettings } from "./config/saga-settings.ts";
import type { Database } from "./database/port.ts";
import { bindRoutes, type Route, type RouteSpec } from "./http/route.ts";
import type { Ids } from "./ids.ts";
import { deadLetterHandlers } from "./messages/dead-letter-rpc.ts";
import type { ModuleLane } from "./messages/lane.ts";
import type { Log } from "./messages/log.ts";
import type { Messaging, ModuleTopics } from "./messages/messaging.ts";
import { type MessagingDeps, type RunningMessaging, startMessaging } from "./messages/start-messaging.ts";
import type { RpcClient, RpcHandler, RpcMethodName } from "./rpc/port.ts";
import type { Scheduler } from "./scheduler.ts";

/** A schema's SQL file. */
export interface Migration {
  readonly id: string;
  readonly sql: string;
}

/** A schema with a role of its own beside the module's (a simulator's ledger). */
export interface SideSchema {
  readonly schema: string;
  readonly migrations: readonly Migration[];
}

/** What the module's own code may use, beside its declaration. */
export interface ModuleEnvironment {
  /** The module's own schema. */
  readonly database: Database;
  /** A side schema of the declaration. */
  readonly sideDatabase: (schema: string) => Database;
  readonly rpc: RpcClient;
  /** Topics of the module with messages that are published and not settled. */
  readonly travelling: () => Promise<readonly string[]>;
  /** Shared with other replicas where there is a Redis; may lose anything at any time. */
  readonly cache: Cache;
  readonly hints: Hints;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly log: Log;
  /** Deadlines of domain.md's saga table, by name; every one is configuration. */
  readonly deadlines: Deadlines;
}

/** In milliseconds; what each one is: config/saga-settings.ts. */
export type Deadlines = { readonly [Name in keyof typeof sagaSettings]: number };

/** The parts of a module that need its environment; built once a process. */
export interface ModuleParts<State, Shared, Ports, RouteDeps> {
  /** A module without messages (only rpc and routes) leaves it out. */
  readonly messaging?: {
    readonly definition: Omit<Messaging<State, Shared, Ports>, "module" | keyof ModuleTopics>;
    readonly ports: Ports;
  };
  /** What answers the methods that the module serves. */
  readonly rpc: readonly RpcHandler[];
  /** What its routes work with. */
  readonly routes: (running: ModuleRunning<State, Shared>) => RouteDeps;
  /** Closes what `build` opened beside the environment's databases. */
  readonly close?: () => Promise<void>;
}

/** Runs commands; rejects in a module without messaging, and before the module is wired. */
export type ModuleCommands<State, Shared> = Pick<ModuleLane<State, Shared>, "execute">;

/** What routes work with. */
export interface ModuleRunning<State, Shared> {
  readonly lane: ModuleCommands<State, Shared>;
  readonly changes: Changes<State>;
}

/** What is known of a module without running it: processes that host others, documents and the cloud read it. */
export interface ModuleFacts {
  /** One lower-case word: it names the schema, the topics, the service. */
  readonly name: string;
  readonly topics: ModuleTopics;
  /** Methods that others may ask of it; those of its dead letters and its processes come by themselves. */
  readonly serves: readonly RpcMethodName[];
  /** Methods of other modules that it asks. */
  readonly asks: readonly RpcMethodName[];
  readonly routes: readonly { readonly spec: RouteSpec }[];
}

export interface ModuleDeclaration<State, Shared, Ports, RouteDeps> {
  readonly name: string;
  /** A module without messages leaves it out. */
  readonly topics?: ModuleTopics;
  readonly serves: readonly RpcMethodName[];
  readonly asks?: readonly RpcMethodName[];
  readonly routes: readonly Route<RouteDeps>[];
  readonly migrations: readonly Migration[];
  readonly sideSchemas?: readonly SideSchema[];
  readonly build: (
    environment: ModuleEnvironment,
    commands: ModuleCommands<State, Shared>,
  ) => ModuleParts<State, Shared, Ports, RouteDeps>;
  /** Demo data for local dev; must do nothing when it is there already. */
  readonly seedDemo?: (environment: ModuleEnvironment) => Promise<void>;
}

export type MessagingSettings = Omit<
  MessagingDeps<unknown, unknown>,
  "database" | "ports" | "changed" | "changedElsewhere" | "hints" | "clock" | "scheduler" | "ids" | "log"
>;

/** Changes what a module decides with, whatever its types. */
export type ChangeMessaging = <State, Shared, Ports>(
  definition: Messaging<State, Shared, Ports>,
) => Messaging<State, Shared, Ports>;

/** A module with its own types folded in, so that modules of all kinds stand in one list. */
export interface Module extends ModuleFacts {
  readonly migrations: readonly Migration[];
  readonly sideSchemas: readonly SideSchema[];
  /** `change`: for whoever runs a module with handlers other than its own, such as ones that fail. */
  prepare(environment: ModuleEnvironment, change?: ChangeMessaging): PreparedModule;
  seedDemo(environment: ModuleEnvironment): Promise<void>;
}

export interface PreparedModule {
  readonly name: string;
  readonly rpc: readonly RpcHandler[];
  /** Subscribes to its topics; call for every module before starting any. */
  wire(settings: MessagingSettings): void;
  routes(): readonly Route[];
  start(): Promise<void>;
  /** Requests that wait for a change are answered with what is known. */
  endWaits(): void;
  stop(): Promise<void>;
  depth(): ReturnType<RunningMessaging<unknown, unknown>["depth"]>;
}

/** Declares a module. */
export function defineModule<State, Shared, Ports, RouteDeps>(
  declaration: ModuleDeclaration<State, Shared, Ports, RouteDeps>,
): Module {
  const { name, topics = NO_TOPICS, serves } = declaration;
  return {
    name,
    topics,
    serves,
    asks: declaration.asks ?? [],
    routes: declaration.routes,
    migrations: declaration.migrations,
    sideSchemas: declaration.sideSchemas ?? [],
    seedDemo: async (environment) => declaration.seedDemo?.(environment),
    prepare(environment, change = (definition) => definition) {
      const changes = createChanges<State>(environment.scheduler);
      let running: RunningMessaging<State, Shared> | undefined;
      const lane: ModuleCommands<State, Shared> = {
        execute: (command, key, input, options) =>
          running
            ? running.lane.execute(command, key, input, options)
            : Promise.reject(new Error(`${name} runs no commands: it declares no messaging, or is not wired yet`)),
      };
      const parts = declaration.build(environment, lane);
      requireServed(name, serves, parts.rpc);
      const release = () => {
        if (!running) throw new Error(`${name} is not wired yet`);
        return running.letters;
      };
      const letters = deadLetterHandlers(name, parts.messaging && { database: environment.database, release });
      return {
        name,
        rpc: [...parts.rpc, ...letters],
        wire(settings) {
          if (!parts.messaging) return;
          running = startMessaging(change({ ...parts.messaging.definition, ...topics, module: name }), {
            ...settings,
            ...environment,
            ports: parts.messaging.ports,
            changed: changes.notify,
            changedElsewhere: changes.notifyElsewhere,
          });
        },
        routes: () => bindRoutes(declaration.routes, parts.routes({ lane, changes })),
        start: async () => running?.start(),
        endWaits: changes.end,
        async stop() {
          await running?.stop();
          await parts.close?.();
        },
        depth: () => running?.depth() ?? { inHand: 0, queued: 0, commands: 0, waiting: 0 },
      };
    },
  };
}

const NO_TOPICS: ModuleTopics = { subscribes: [], sends: [] };

function requireServed(module: string, declared: readonly RpcMethodName[], answered: readonly RpcHandler[]): void {
  const names = (methods: readonly RpcMethodName[]) => methods.map((each) => `${each.module}.${each.name}`).sort();
  const [promised, kept] = [names(declared), names(answered)];
  if (promised.join() === kept.join()) return;
  throw new Error(`${module} declares that it serves ${promised.join(", ")}, and answers ${kept.join(", ")}`);
}
