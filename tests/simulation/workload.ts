import type { Clock } from "../../runtime/clock.ts";
import type { Database, Row, Statement } from "../../runtime/database/port.ts";
import type { Random } from "../../runtime/random.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Outcome } from "./backends.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import type { Reading } from "./story.ts";
import type { Trace } from "./trace.ts";

/** A module's part of the server: its connections start with this role and search_path. */
export interface ModuleDatabase {
  readonly name: string;
  readonly schema: string;
  readonly role: string | null;
}

/** What the simulation runs: prepared once a server, then one scenario a seed. `Api` is what a started node offers. */
export interface Workload<Api> {
  readonly name: string;
  readonly modules: readonly ModuleDatabase[];
  /** Between how many a seed's replicas come and go. */
  readonly replicas: { readonly least: number; readonly most: number };
  /** Schemas, migrations and the data that every seed starts with. */
  prepare(url: string): Promise<void>;
  scenario(world: World<Api>): Scenario<Api>;
}

export interface Scenario<Api> {
  /** Starts one life of a node. A rejection counts as a crash at start. */
  start(context: NodeContext): Promise<Api>;
  /** Ends a node in order, as SIGTERM does; the process is gone when it resolves. Absent: replicas never leave. */
  readonly stop?: (api: Api, context: NodeContext) => Promise<void>;
  /** The clients, until each has its answers. Faults are on. */
  drive(): Promise<void>;
  /** Whether all that was begun has ended. Asked again and again once the clients have their answers. */
  settled(): Promise<boolean>;
  /** Nothing fails any more: clients may come once more. What they begin has not settled until it has ended. */
  readonly onCalm?: () => void;
  /** The last word of a client when everything has ended: driven like `drive`, with nothing failing. */
  readonly audit?: () => Promise<void>;
  /** After the last fault everything must have ended within so much virtual time. */
  readonly boundMs: number;
  /** The violations found at the end, one sentence each. */
  check(): Promise<readonly string[]>;
  /** How many orders ended in which state. */
  outcomes(): Promise<Readonly<Record<string, number>>>;
  /** How long a replica may be silent before another one takes its shards. */
  readonly leaseMs?: number;
  /** What an operator locks in one transaction, statement by statement; absent: nobody looks in from outside. */
  readonly operatorLocks?: (random: Random) => OperatorLocks;
  /** A statement was answered by the server, whether or not its client lives to hear it. */
  readonly onAnswered?: (owner: Actor, module: string, statement: Statement, outcome: Outcome) => void;
  /** A paused node acts for the first time again. */
  readonly onWake?: (actor: Actor) => void;
  /** For the story of a seed that ended with these violations. */
  readonly reading?: (violations: readonly string[]) => Promise<Reading>;
}

export interface OperatorLocks {
  /** A module's database, or the name of one that is a superuser's. */
  readonly module: string;
  readonly statements: readonly string[];
}

/** The ports of one life of a node. All that it waits for goes through them. */
export interface NodeContext {
  readonly index: number;
  readonly generation: number;
  readonly actor: Actor;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  database(module: string): Database;
}

export interface World<Api> {
  readonly seed: number;
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  /** The clients' clock and waits; clients never crash. */
  readonly clients: Actor;
  readonly scheduler: Scheduler;
  random(purpose: string): Random;
  /** The replicas that a load balancer sends requests to, dead or alive. */
  listening(): readonly number[];
  /** A database at an outside system: requests that are on their way there arrive also when their sender has died. */
  outsideDatabase(module: string): Database;
  /** Who goes on when nodes die: the outside systems. */
  readonly outside: Actor;
  /** A request to a node. Rejects with `Unreachable` when the node is down or dies before the client has its answer. */
  call<T>(label: string, node: number, request: (api: Api) => Promise<T>): Promise<T>;
  /** Reads the server past the simulation, as its superuser; for `settled`, `check` and `outcomes` only. */
  inspect(sql: string): Promise<Row[]>;
  /** Notes a violation at once. */
  violation(text: string): void;
}

/** The node is down, or died before it answered: what was asked for may have been done. */
export class Unreachable extends Error {
  constructor(label: string) {
    super(`${label}: the node does not answer`);
    this.name = "Unreachable";
  }
}
