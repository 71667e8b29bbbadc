/** Replicas of the tally module over one scratch PostgreSQL, each with faults of its own; `kill` is a kill -9. */

import { afterAll, afterEach, beforeAll, setDefaultTimeout } from "bun:test";
import { type Activity, ALWAYS_ACTIVE } from "../activity/port.ts";
import { createMemoryHints } from "../cache/memory.ts";
import type { Hints } from "../cache/port.ts";
import { type Clock, systemClock } from "../clock.ts";
import { migrate } from "../database/migrate.ts";
import type { Database, Parameter, Row } from "../database/port.ts";
import { openDatabase } from "../database/postgres.ts";
import { startScratchServer } from "../database/scratch-server.fixture.ts";
import { createIds } from "../ids.ts";
import type { Log } from "../log.ts";
import { systemRandom } from "../random.ts";
import { type Scheduler, systemScheduler } from "../scheduler.ts";
import type { Measures } from "../telemetry/metrics/measure.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import { NO_TRACER } from "../telemetry/tracer.ts";
import { createInProcessTransport } from "../transport/inprocess.ts";
import type { Transport } from "../transport/port.ts";
import type { Command } from "./decision.ts";
import type { Envelope } from "./envelope.ts";
import { type Faults, faultyDatabase } from "./faulty-database.fixture.ts";
import type { CommandOptions } from "./item.ts";
import { DEFAULT_LANE_LIMITS, type LaneLimits } from "./lane.ts";
import { coreMigrations } from "./migrations.ts";
import { DEFAULT_RETENTION } from "./retention.ts";
import { type RunningMessaging, startMessaging } from "./start-messaging.ts";
import { Instruction, type Ports, type Pot, type Script, TALLY_MIGRATION, type Tally, tally } from "./tally.fixture.ts";

export const ids = createIds(systemClock, systemRandom());
export const LEASE_MS = 300;

export interface Logged {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Replica {
  readonly running: RunningMessaging<Tally, Pot>;
  readonly faults: Faults;
  readonly logged: Logged[];
  /** Names of the events that its relay has published, in order. */
  readonly published: Envelope[];
  /** Calls made, as `kind from`. */
  readonly made: string[];
  /** Keys that another replica has told of. */
  readonly elsewhere: string[];
  /** Resolves when the message is handled, skipped or parked. */
  deliver(envelope: Envelope): Promise<unknown>;
  run(
    command: Command<Tally, Pot, Instruction, number>,
    key: string,
    script: Script,
    options?: Partial<CommandOptions>,
  ): ReturnType<RunningMessaging<Tally, Pot>["lane"]["execute"]>;
  stop(): Promise<void>;
  /** Nothing of it is heard from then on; resolves when its connections are gone. */
  kill(): Promise<unknown>;
}

export interface ReplicaOptions {
  readonly shared?: boolean;
  /** Runs the version whose handlers do not throw. */
  readonly mended?: boolean;
  /** Kinds of timers and calls that its version does not know. */
  readonly unknownKinds?: readonly string[];
  /** The aggregate's keys are UUIDs. */
  readonly uuidKeys?: boolean;
  readonly exclusive?: boolean;
  /** Always active when left out. */
  readonly activity?: Activity;
  readonly limits?: Partial<LaneLimits>;
  readonly ports?: Ports;
  readonly callConcurrency?: number;
  readonly callTimeoutMs?: number;
  readonly start?: boolean;
  /** May run ahead of the machine's. */
  readonly clock?: Clock;
  /** Nobody is told anything when left out. */
  readonly hints?: Hints;
  readonly pollMs?: number;
  /** In-process when left out. */
  readonly transport?: (log: Log) => Transport;
  readonly metrics?: Metrics;
  readonly measures?: Measures<Tally>;
}

export interface Bench {
  /** The module's database, without faults. */
  readonly database: Database;
  rows(text: string, ...params: Parameter[]): Promise<Row[]>;
  /** What was done to a key, in order. */
  effects(key: string): Promise<string[]>;
  total(key: string): Promise<number | undefined>;
  letters(key: string): Promise<Row[]>;
  count(table: string): Promise<number>;
  replica(options?: ReplicaOptions): Promise<Replica>;
  /** Ends what the last test started and empties the tables. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** The bench of a test file: opened before its first test, emptied after each, closed after the last. */
export function testBench(): Bench {
  // Other work on the machine can make a start slow.
  setDefaultTimeout(30_000);
  // Filled before the first test looks at it.
  const bench = {} as Bench;
  beforeAll(async () => {
    Object.assign(bench, await openBench());
  });
  afterEach(() => bench.reset());
  afterAll(() => bench.close());
  return bench;
}

async function openBench(): Promise<Bench> {
  const server = await startScratchServer();
  await migrate({
    url: server.url,
    modules: [{ name: "tally", migrations: [...coreMigrations, TALLY_MIGRATION] }],
    log: () => undefined,
  });
  const open = () => openDatabase({ url: server.url, schema: "tally", role: "tally_app", scheduler: systemScheduler });
  const admin = open();
  const started: Replica[] = [];
  const rows = (text: string, ...params: Parameter[]) => admin.query({ text, params });

  return {
    database: admin,
    rows,
    effects: async (key) =>
      (await rows("select what from effect where key = $1 order by id", key)).map((row) => String(row.what)),
    total: async (key) => {
      const [row] = await rows("select total from tally where id = $1", key);
      return row && Number(row.total);
    },
    letters: (key) =>
      rows(
        "select source, sequence, reason, error, message from dead_letter where key = $1 order by source, sequence",
        key,
      ),
    count: async (table) => Number((await rows(`select count(*) as n from ${table}`))[0]?.n),
    async replica(options = {}) {
      const made = await startReplica(open(), options);
      started.push(made);
      return made;
    },
    async reset() {
      await Promise.all(started.splice(0).map((each) => each.stop()));
      for (const table of [
        "outbox",
        "timer",
        "call_intent",
        "idempotency",
        "inbox_mark",
        "dead_letter",
        "replica",
        "idle_replica",
        "tally",
        "uuid_tally",
        "effect",
        "note",
        "pot",
        "trouble",
      ])
        await rows(`delete from ${table}`);
      await rows("update shard set holder = null");
    },
    async close() {
      await admin.close();
      await server.stop();
    },
  };
}

async function startReplica(real: Database, options: ReplicaOptions): Promise<Replica> {
  const clock = options.clock ?? systemClock;
  const { database, faults } = faultyDatabase(real);
  const logged: Logged[] = [];
  const published: Envelope[] = [];
  const made: string[] = [];
  const elsewhere: string[] = [];
  const scheduler: Scheduler = {
    after: (delayMs, task) =>
      systemScheduler.after(delayMs, () => {
        if (!faults.dead) task();
      }),
    sleep: (delayMs) =>
      systemScheduler.sleep(delayMs).then(() => (faults.dead ? new Promise<never>(() => undefined) : undefined)),
    external: (_label, work) => work(),
  };
  const log: Log = (_level, event, fields) => logged.push({ event, fields });
  const activity = options.activity ?? ALWAYS_ACTIVE;
  const transport = options.transport?.(log) ?? createInProcessTransport();
  transport.consume(activity.isActive());
  activity.onChange(transport.consume);
  transport.subscribe({
    consumer: "listener",
    topics: ["genai-demo.tally.events.v1"],
    deliver: async (envelope) => {
      if (faults.dead) return new Promise<never>(() => undefined);
      published.push(envelope);
    },
    waiting: () => 0,
    reject: async () => undefined,
  });
  const ports: Ports = options.ports ?? { make: async () => "yes" };
  const { shared = false, mended = false, uuidKeys = false, unknownKinds = [] } = options;
  const definition = tally({ shared, mended, uuidKeys });
  const timeoutMs = options.callTimeoutMs ?? 2000;
  const running = startMessaging(
    {
      ...definition,
      ...(options.measures ? { measures: options.measures } : {}),
      timers: definition.timers.filter(({ kind }) => !unknownKinds.includes(kind)),
      calls: definition.calls
        .filter(({ kind }) => !unknownKinds.includes(kind))
        .map((each) => ({ ...each, timeoutMs })),
    },
    {
      database,
      transport,
      tracer: NO_TRACER,
      clock,
      scheduler,
      ids,
      log,
      ports: {
        make: (kind, from) => {
          made.push(`${kind} ${from}`);
          return ports.make(kind, from);
        },
      },
      replica: ids.next(),
      exclusive: options.exclusive ?? false,
      activity,
      limits: { ...DEFAULT_LANE_LIMITS, retryMs: 20, backgroundDelayMs: 5, ackDelayMs: 5, ...options.limits },
      leaseMs: LEASE_MS,
      renewMs: 60,
      pollMs: options.pollMs ?? 20,
      condition: () => undefined,
      callConcurrency: options.callConcurrency ?? 8,
      retention: DEFAULT_RETENTION,
      changed: () => undefined,
      changedElsewhere: (keys) => elsewhere.push(...keys),
      hints: options.hints ?? createMemoryHints(systemScheduler).join(),
      metrics: options.metrics,
    },
  );
  let ended = false;
  if (options.start !== false) {
    await running.start();
    await transport.start();
  }
  return {
    running,
    faults,
    logged,
    published,
    made,
    elsewhere,
    deliver: (envelope) => transport.publish(envelope),
    run: (command, key, script, given = {}) =>
      running.lane.execute(command, key, Instruction.parse(script), {
        expiresMs: clock.now() + 5000,
        ...given,
      }),
    async stop() {
      if (ended) return;
      ended = true;
      faults.down = false;
      faults.upkeepDown = false;
      await transport.stop();
      await running.stop();
      await real.close();
    },
    kill() {
      ended = true;
      faults.dead = true;
      // What it has in hand never settles, so nothing of that is told to anybody.
      return Promise.allSettled([transport.stop(), real.close()]);
    },
  };
}

let keys = 0;
/** A key that no other test uses. */
export const newKey = () => `key-${++keys}-${ids.next()}`;

/** An incoming message. */
export const incoming = (
  key: string,
  sequence: number,
  script: Script | string,
  type = "Do",
  module = "tally",
): Envelope => ({
  topic: module === "tally" ? "genai-demo.tally.commands.v1" : `genai-demo.${module}.events.v1`,
  key,
  sequence,
  type,
  producer: module,
  timeMs: 0,
  causationId: "test",
  correlationId: "test",
  data: typeof script === "string" ? script : JSON.stringify(script),
});
