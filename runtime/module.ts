/**
 * A module's one declaration: everything the runtime, the documents and the cloud need to know of it. A module learns
 * nothing of how it is run: the environment gives it a database, a transport's far end, rpc, time and chance.
 */
import type { Cache, Hints } from "./cache/port.ts";
import type { Clock } from "./clock.ts";
import type { deadlineSettings } from "./config/deadline-settings.ts";
import type { WebhookSettings } from "./config/webhook-settings.ts";
import type { Database } from "./database/port.ts";
import { errorText } from "./error-text.ts";
import type { EventStreams } from "./http/event-streams.ts";
import { bindRoutes, type IdempotencyClaim, type Route, type RouteSpec } from "./http/route.ts";
import type { Ids } from "./ids.ts";
import type { Log } from "./log.ts";
import { auditHandlers } from "./messages/audit-rpc.ts";
import { type Changes, createChanges } from "./messages/changes.ts";
import { type TopicTypes, topicOf } from "./messages/contract.ts";
import { deadLetterHandlers } from "./messages/dead-letter-rpc.ts";
import type { EarlierRequest } from "./messages/earlier-request.ts";
import { type LaneLoad, type ModuleLane, NO_LOAD } from "./messages/lane.ts";
import type { Messaging, ModuleTopics } from "./messages/messaging.ts";
import { coreMigrations } from "./messages/migrations.ts";
import type { FactsAnswer } from "./messages/read-facts.ts";
import { type MessagingDeps, type RunningMessaging, startMessaging } from "./messages/start-messaging.ts";
import { waitingHandler } from "./messages/waiting-work.ts";
import type { RpcClient, RpcHandler, RpcMethodName } from "./rpc/port.ts";
import type { Scheduler } from "./scheduler.ts";
import { StartError } from "./start-error.ts";
import type { MetricDeclaration } from "./telemetry/metrics/declaration.ts";
import type { Measures } from "./telemetry/metrics/measure.ts";

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
  /** What the Idempotency-Key of a request has done before. */
  readonly earlier: (claim: IdempotencyClaim) => Promise<EarlierRequest | undefined>;
  /** Shared with other replicas where there is a Redis; may lose anything at any time. */
  readonly cache: Cache;
  readonly hints: Hints;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly log: Log;
  /** Answers of this process that go on; all modules share what it can carry. */
  readonly streams: EventStreams;
  readonly deadlines: Deadlines;
  /** Of those who send webhooks to this module. */
  readonly webhooks: WebhookSettings;
}

/** In milliseconds; what each one is: config/deadline-settings.ts. */
export type Deadlines = { readonly [Name in keyof typeof deadlineSettings]: number };

/** Its aggregate, and what is decided on it, as far as there is any of a kind. */
type MessagingDefinition<State, Shared, Ports> = Pick<Messaging<State, Shared, Ports>, "aggregate"> &
  Partial<Omit<Messaging<State, Shared, Ports>, "module" | "measures" | keyof ModuleTopics>>;

const NOTHING_MORE = { entries: {}, handlers: [], timers: [], calls: [] };

/** The parts of a module that need its environment; built once a process. */
export interface ModuleParts<State, Shared, Ports, RouteDeps> {
  /** A module without messages (only rpc and routes) leaves it out. */
  readonly messaging?: {
    readonly definition: MessagingDefinition<State, Shared, Ports>;
    readonly ports: Ports;
    /** What reconcile may know of its aggregates. */
    readonly facts?: FactsAnswer<State>;
  };
  /** What else answers the methods that the module serves. */
  readonly rpc?: readonly RpcHandler[];
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
  /** Methods that others may ask of it; those of its letters, its audit log, what waits in it and its processes come by themselves. */
  readonly serves: readonly RpcMethodName[];
  /** Methods of other modules that it asks. */
  readonly asks: readonly RpcMethodName[];
  readonly routes: readonly { readonly spec: RouteSpec }[];
  /**
   * Pictures of its rules for the documents, by name, in Markdown, made of the data that it decides with and of all
   * modules' declarations. What is called like an SVG file is one in docs/.
   */
  readonly diagrams?: (modules: readonly ModuleFacts[]) => Readonly<Record<string, string>>;
  /** Metrics of its own, beside those that every module has. */
  readonly metrics?: readonly MetricDeclaration[];
  /** Who sends it webhooks, in words; null or left out: nobody. */
  readonly webhooksFrom?: string | null;
}

export interface ModuleDeclaration<State, Shared, Ports, RouteDeps> {
  readonly name: string;
  /** Contracts' commands and events that it listens to: known types that it does not handle are passed over. */
  readonly subscribes?: readonly TopicTypes[];
  /** Its own events, and commands of others. */
  readonly sends?: readonly TopicTypes[];
  readonly serves: readonly RpcMethodName[];
  readonly asks?: readonly RpcMethodName[];
  readonly routes: readonly Route<RouteDeps>[];
  /** Of its own tables; where it has messages, the message core's come before them. */
  readonly migrations: readonly Migration[];
  readonly sideSchemas?: readonly SideSchema[];
  readonly diagrams?: ModuleFacts["diagrams"];
  /** What changes of its aggregate mean for metrics of its own. */
  readonly measures?: Measures<State>;
  /** Who sends it webhooks, in words: they are believed by the secrets of `<MODULE>_WEBHOOK_SECRETS`. */
  readonly webhooksFrom?: string;
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
  /** Null: nobody sends it webhooks. */
  readonly webhooksFrom: string | null;
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
  load(): LaneLoad;
  depth(): ReturnType<RunningMessaging<unknown, unknown>["depth"]>;
}

/** Declares a module. */
export function defineModule<State, Shared, Ports, RouteDeps>(
  declaration: ModuleDeclaration<State, Shared, Ports, RouteDeps>,
): Module {
  const { name, serves } = declaration;
  const { subscribes = [], sends = [] } = declaration;
  const topics: ModuleTopics = { subscribes: subscribes.map(topicOf), sends: sends.map(topicOf) };
  const hasMessages = subscribes.length + sends.length > 0;
  return {
    name,
    topics,
    serves,
    asks: declaration.asks ?? [],
    routes: declaration.routes,
    migrations: [...(hasMessages ? coreMigrations : []), ...declaration.migrations],
    sideSchemas: declaration.sideSchemas ?? [],
    diagrams: declaration.diagrams ?? (() => ({})),
    metrics: [...new Set(declaration.measures?.declared.map(({ metric }) => metric))],
    webhooksFrom: declaration.webhooksFrom ?? null,
    seedDemo: async (environment) => declaration.seedDemo?.(environment),
    prepare(environment, change = (definition) => definition) {
      let running: RunningMessaging<State, Shared> | undefined;
      const lane: ModuleCommands<State, Shared> = {
        execute: (command, key, input, options) =>
          running
            ? running.lane.execute(command, key, input, options)
            : Promise.reject(new Error(`${name} runs no commands: it declares no messaging, or is not wired yet`)),
      };
      const parts = declaration.build(environment, lane);
      const { messaging, rpc: own = [] } = parts;
      if (messaging && !hasMessages)
        throw new StartError(
          `${name} decides on an aggregate and has no tables for that: list in its declaration what it subscribes to or sends.`,
        );
      const facts = messaging?.facts?.({ ...messaging.definition, ...topics }, environment);
      const rpc = facts ? [...own, facts] : own;
      requireServed(name, serves, rpc);
      const aggregate = messaging?.definition.aggregate;
      const changes = createChanges<State>({
        scheduler: environment.scheduler,
        async readNewer(seen) {
          if (!aggregate) return [];
          const rows = await environment.database.query(aggregate.newer(seen));
          return rows.map((row) => ({ key: aggregate.keyOfRow(row), decode: () => aggregate.decode(row) }));
        },
        report: (error) => environment.log("error", "wait.failed", { error: errorText(error) }),
      });
      const release = () => {
        if (!running) throw new Error(`${name} is not wired yet`);
        return running.letters;
      };
      const letters = deadLetterHandlers(name, messaging && { database: environment.database, release });
      return {
        name,
        rpc: [
          ...rpc,
          ...letters,
          ...auditHandlers(name, messaging && environment.database),
          waitingHandler(name, messaging && environment.database),
        ],
        wire(settings) {
          if (!messaging) return;
          const { measures } = declaration;
          const own = { ...messaging.definition, ...(measures ? { measures } : {}), ...topics, module: name };
          running = startMessaging(change({ ...NOTHING_MORE, ...own }), {
            ...settings,
            ...environment,
            ports: messaging.ports,
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
        load: () => running?.load() ?? NO_LOAD,
        depth: () => running?.depth() ?? { inHand: 0, queued: 0, commands: 0, waiting: 0 },
      };
    },
  };
}

function requireServed(module: string, declared: readonly RpcMethodName[], answered: readonly RpcHandler[]): void {
  const names = (methods: readonly RpcMethodName[]) => methods.map((each) => `${each.module}.${each.name}`).sort();
  const [promised, kept] = [names(declared), names(answered)];
  if (promised.join() === kept.join()) return;
  throw new Error(`${module} declares that it serves ${promised.join(", ")}, and answers ${kept.join(", ")}`);
}
