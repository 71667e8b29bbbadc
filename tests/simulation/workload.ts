import type { Clock } from "../../runtime/clock.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import type { Random } from "../../runtime/random.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
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
  readonly replicas: number;
  /** Schemas, migrations and the data that every seed starts with. */
  prepare(url: string): Promise<void>;
  scenario(world: World<Api>): Scenario<Api>;
}

export interface Scenario<Api> {
  /** Starts one life of a node. A rejection counts as a crash at start. */
  start(context: NodeContext): Promise<Api>;
  /** The clients, until each has its answers. Faults are on. */
  drive(): Promise<void>;
  /** Whether all that was begun has ended. Asked in the liveness phase, when faults are off. */
  settled(): Promise<boolean>;
  /** The violations found at the end, one sentence each. */
  check(): Promise<readonly string[]>;
  /** How many orders ended in which state. */
  outcomes(): Promise<Readonly<Record<string, number>>>;
  /** The error that a call to the outside may end with although it was or was not done; undefined: it cannot fail. */
  readonly externalError?: (label: string) => Error | undefined;
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
