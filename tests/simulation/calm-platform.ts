/**
 * The platform in one process on virtual time, over the production SQL on a real PostgreSQL, where nothing fails but
 * what a test makes fail. Months pass in seconds: time stands still while the database works, passes in full where
 * something happens, and else in leaps, in which every poll and timer comes once, late.
 */

import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { ALWAYS_ACTIVE } from "../../runtime/activity/port.ts";
import { openMemory } from "../../runtime/cache/memory.ts";
import { deadlineSettings } from "../../runtime/config/deadline-settings.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database, Lane, Row, Statement } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { roleOf } from "../../runtime/database/schema-state.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { deadLetterRoutes } from "../../runtime/edge/dead-letter-routes.ts";
import { createApp, handlerOf } from "../../runtime/http/app.ts";
import { mountRoutes } from "../../runtime/http/mount.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { createIds } from "../../runtime/ids.ts";
import type { Envelope } from "../../runtime/messages/envelope.ts";
import { DEFAULT_LANE_LIMITS } from "../../runtime/messages/lane.ts";
import type { Retention } from "../../runtime/messages/retention.ts";
import type { Deadlines } from "../../runtime/module.ts";
import { schemasOf } from "../../runtime/platform.ts";
import { createProcess } from "../../runtime/process.ts";
import { seededRandom } from "../../runtime/random.ts";
import { type Scheduler, systemScheduler } from "../../runtime/scheduler.ts";
import { secret } from "../../runtime/secret.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";
import { virtualTime } from "../../runtime/virtual-time.fixture.ts";

export interface CalmPlatform {
  now(): number;
  /** Lets time pass in full. */
  advance(byMs: number): Promise<void>;
  /** Lets time pass in leaps; between two of them there is time for what they set off. */
  pass(byMs: number): Promise<void>;
  /** A request of a customer, or of an operator (null), with whatever follows from it within a second. */
  ask(who: string | null, method: "GET" | "POST", path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Carries a message to whoever listens to its topic, past every outbox. */
  publish(message: Envelope): Promise<unknown>;
  /** Reads tables past the platform. */
  rows(text: string): Promise<Row[]>;
  readonly logged: readonly string[];
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface CalmOptions {
  readonly retention: Retention;
  readonly deadlines?: Partial<Deadlines>;
  /** Statements of a module that its database does not answer. */
  readonly refuses?: (module: string, statement: Statement) => boolean;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** How late anything may be while nothing happens. */
const LEAP_MS = 6 * HOUR;
/** So that a leap is no lapse. */
const LEASE_MS = 4 * LEAP_MS;

/** What a process does that virtual time must wait for. */
function createWork() {
  let open = 0;
  let onQuiet: () => void = () => undefined;
  const round = () => new Promise<void>((resolve) => setImmediate(resolve));

  /** Passes on what `work` comes to, which counts as under way until then. */
  async function counted<T>(work: () => Promise<T>): Promise<T> {
    open++;
    try {
      return await work();
    } finally {
      if (--open === 0) onQuiet();
    }
  }

  /** Resolves when nothing is under way, and nothing follows from what was. */
  async function quiet() {
    do {
      await round();
      if (open > 0)
        await new Promise<void>((resolve) => {
          onQuiet = resolve;
        });
      await round();
    } while (open > 0);
  }
  return { counted, quiet };
}

type Counted = ReturnType<typeof createWork>["counted"];

function watched(real: Database, counted: Counted, refuses: (statement: Statement) => boolean): Database {
  const lane = (own: Lane): Lane => ({
    run: (statement) => counted(() => own.run(statement)),
    begin: (statement) =>
      counted(async () => {
        const { rows, commit, rollback } = await own.begin(statement);
        return { rows, commit: (last) => counted(() => commit(last)), rollback: () => counted(rollback) };
      }),
    close: () => own.close(),
  });
  return {
    lane: (name) => lane(real.lane(name)),
    query: (statement) =>
      counted(async () => {
        if (refuses(statement)) throw new Error("planted: no answer");
        return real.query(statement);
      }),
    close: () => real.close(),
  };
}

const configured = Object.fromEntries(Object.entries(deadlineSettings).map(([name, { fallback }]) => [name, fallback]));

const bodySchema = z.record(z.string(), z.unknown());

const person = (subject: string | null): Principal => ({
  subject: subject ?? "operator",
  role: subject === null ? "operator" : "customer",
  scopes: subject === null ? ["ops:*"] : [],
  issuer: "calm",
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});

/** Starts it with demo data, and with the production's waits where none are given. */
export async function startCalmPlatform({ retention, deadlines, refuses }: CalmOptions): Promise<CalmPlatform> {
  const server = await startScratchServer();
  const { counted, quiet } = createWork();
  const time = virtualTime(Date.UTC(2026, 0, 1), quiet);
  const { clock } = time;
  const scheduler: Scheduler = { ...time.scheduler, external: (_label, work) => counted(work) };
  const schemas = schemasOf(registry);
  await migrate({ url: server.url, modules: schemas, log: () => undefined, scheduler: systemScheduler });
  const open = (schema: string) =>
    openDatabase({ url: server.url, schema, role: roleOf(schema), scheduler: systemScheduler, poolSize: 2 });
  const outside = openDatabase({ url: server.url, schema: "public", role: null, scheduler: systemScheduler });
  const logged: string[] = [];
  const ids = createIds(clock, seededRandom(1));
  const transport = createInProcessTransport();
  const modules = registry.map(({ name }) => name);
  const platform = createProcess({
    modules: registry,
    clock,
    scheduler,
    ids,
    transport,
    database: (module, schema) =>
      watched(open(schema), counted, (statement) => schema === module && refuses?.(module, statement) === true),
    shared: openMemory({ clock, scheduler, mostEntries: 100 }),
    log: (level, event, fields) => logged.push(`${level} ${event} ${JSON.stringify(fields)}`),
    // The settings' names are the keys of `Deadlines` by its definition.
    deadlines: { ...(configured as unknown as Deadlines), ...deadlines },
    webhooks: () => ({ secrets: () => [secret("of the simulation")], simulatedCopies: 1 }),
    exclusive: () => true,
    activity: ALWAYS_ACTIVE,
    condition: () => undefined,
    limits: DEFAULT_LANE_LIMITS,
    leaseMs: LEASE_MS,
    renewMs: LEAP_MS,
    pollMs: LEAP_MS,
    callConcurrency: 8,
    retention,
    streamLimit: 1,
    streamLimitPerCaller: 1,
  });
  await platform.seedDemo();
  await platform.start();

  const http = {
    ids,
    scheduler,
    bodyTimeoutMs: SECOND,
    checkReplies: true,
    onError: (error: unknown) => logged.push(`error request ${String(error)}`),
    verifier: {
      verify: (token: string) => ({ ok: true as const, principal: person(token === "operator" ? null : token) }),
    },
  };
  const app = createApp(http);
  mountRoutes(app, [...platform.routes, ...deadLetterRoutes({ rpc: platform.rpc, modules, clock })], http);
  const handle = handlerOf(app);

  /** What `work` comes to when time goes on. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    await time.advance(SECOND);
    return work;
  }

  return {
    now: clock.now,
    advance: time.advance,
    async pass(byMs) {
      for (let leftMs = byMs; leftMs > 0; leftMs -= LEAP_MS) {
        await time.leap(Math.min(LEAP_MS, leftMs) - SECOND);
        await time.advance(SECOND);
      }
    },
    ask(who, method, path, body, key) {
      const request = new Request(`http://shop.test/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${who ?? "operator"}`,
          "content-type": "application/json",
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return inTime(
        handle(request).then(async (response) => ({
          status: response.status,
          body: bodySchema.parse(await response.json()),
        })),
      );
    },
    publish: (message) => inTime(transport.publish(message)),
    rows: (text) => outside.query({ text, params: [] }),
    logged,
    async stop() {
      const stopped = platform.stop();
      await time.advance(SECOND);
      await stopped;
      await outside.close();
      await server.stop();
    },
  };
}
