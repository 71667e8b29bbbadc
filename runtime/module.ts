/**
 * A module's one declaration: everything the runtime, the documents and the cloud need to know of it. A module learns
 * nothing of how it is run: the environment gives it a database, a transport's far end, rpc, time and chance.
 */
import { type Changes, createChanges } from "./changes.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database/port.ts";
import type { Route } from "./http/route.ts";
import type { Ids } from "./ids.ts";
import { deadLetterHandlers } from "./messages/dead-letter-rpc.ts";
import type { ModuleLane } from "./messages/lane.ts";
import type { Log } from "./messages/log.ts";
import type { Messaging } from "./messages/messaging.ts";
import { type MessagingDeps, type RunningMessaging, startMessaging } from "./messages/start-messaging.ts";
import type { RpcClient, RpcHandler } from "./rpc/port.ts";
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
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly log: Log;
  /** Deadlines of domain.md's saga table, by name; every one is configuration. */
  readonly deadlines: Deadlines;
}

/** In milliseconds. */
export interface Deadlines {
  readonly placementMs: number;
  readonly paymentAnswerMs: number;
  readonly paymentRetryForMs: number;
}

/** The parts of a module that need its environment; built once a process. */
export interface ModuleParts<State, Shared, Ports> {
  /** A module without messages (only rpc and routes) leaves it out. */
  readonly messaging?: { readonly definition: Messaging<State, Shared, Ports>; readonly ports: Ports };
  readonly rpc: readonly RpcHandler[];
  readonly routes: (running: ModuleRunning<State, Shared>) => readonly Route[];
  /** Closes what `build` opened beside the environment's databases. */
  readonly close?: () => Promise<void>;
}

/** What routes work with. */
export interface ModuleRunning<State, Shared> {
  /** Runs commands; a module without messaging has none, and calling it throws. */
  readonly lane: Pick<ModuleLane<State, Shared>, "execute">;
  readonly changes: Changes<State>;
}

export interface ModuleDeclaration<State, Shared, Ports> {
  readonly name: string;
  readonly migrations: readonly Migration[];
  readonly sideSchemas?: readonly SideSchema[];
  readonly build: (environment: ModuleEnvironment) => ModuleParts<State, Shared, Ports>;
  /** Demo data for local dev; must do nothing when it is there already. */
  readonly seedDemo?: (environment: ModuleEnvironment) => Promise<void>;
}

export type MessagingSettings = Omit<
  MessagingDeps<unknown, unknown>,
  "database" | "ports" | "changed" | "clock" | "scheduler" | "ids" | "log"
>;

/** Changes what a module decides with, whatever its types. */
export type ChangeMessaging = <State, Shared, Ports>(
  definition: Messaging<State, Shared, Ports>,
) => Messaging<State, Shared, Ports>;

/** A module with its own types folded in, so that modules of all kinds stand in one list. */
export interface Module {
  readonly name: string;
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
export function defineModule<State, Shared = never, Ports = undefined>(
  declaration: ModuleDeclaration<State, Shared, Ports>,
): Module {
  return {
    name: declaration.name,
    migrations: declaration.migrations,
    sideSchemas: declaration.sideSchemas ?? [],
    seedDemo: async (environment) => declaration.seedDemo?.(environment),
    prepare(environment, change = (definition) => definition) {
      const parts = declaration.build(environment);
      const changes = createChanges<State>(environment.scheduler);
      let running: RunningMessaging<State, Shared> | undefined;
      const { name } = declaration;
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
          running = startMessaging(change(parts.messaging.definition), {
            ...settings,
            ...environment,
            ports: parts.messaging.ports,
            changed: changes.notify,
          });
        },
        routes: () => parts.routes({ lane: running?.lane ?? noLane(declaration.name), changes }),
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

const noLane = <State, Shared>(module: string): Pick<ModuleLane<State, Shared>, "execute"> => ({
  execute: () => Promise.reject(new Error(`${module} declares no messaging, so it runs no commands`)),
});
