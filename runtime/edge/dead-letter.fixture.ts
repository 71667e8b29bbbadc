/** The routes of dead letters over the tables of three modules, of which none runs, and a fourth without messages. */
import { afterAll, beforeAll, beforeEach } from "bun:test";
import * as z from "zod";
import { systemClock } from "../clock.ts";
import { migrate } from "../database/migrate.ts";
import type { Database } from "../database/port.ts";
import { openDatabase } from "../database/postgres.ts";
import { startScratchServer } from "../database/scratch-server.fixture.ts";
import { handlerWith, httpFor, principal } from "../http/http.fixture.ts";
import { deadLetterHandlers } from "../messages/dead-letter-rpc.ts";
import { coreMigrations } from "../messages/migrations.ts";
import { createLetterRelease } from "../messages/release-letters.ts";
import { createDirectRpc } from "../rpc/direct.ts";
import type { RpcHandler } from "../rpc/port.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";

export const MODULES = ["delivery", "order", "payment", "pricing"];
export const TOPIC = "genai-demo.order.events.v1";
export const NOW = Date.UTC(2026, 4, 1);
const PEOPLE = {
  customer: principal("customer"),
  reader: principal("operator", ["ops:read"]),
  operator: principal("operator", ["ops:*"]),
};

/** What the tests look at; all of it is kept. */
const bodySchema = z.looseObject({
  items: z.array(z.looseObject({ id: z.string() })).optional(),
  nextCursor: z.string().nullish(),
  type: z.string().optional(),
  detail: z.string().optional(),
});
export const idsOf = ({ items = [] }: z.infer<typeof bodySchema>) => items.map(({ id }) => id);
export const idOf = (module: string, key: string, sequence: number) => `${module}:${key}:${TOPIC}:${sequence}`;

/** Tables for the tests of a file; they are empty before each. */
export function letterBench() {
  let server: Awaited<ReturnType<typeof startScratchServer>> | undefined;
  const databases = new Map<string, Database>();
  const logged: unknown[] = [];
  const errors: unknown[] = [];

  beforeAll(async () => {
    server = await startScratchServer();
    const modules = MODULES.slice(0, 3).map((name) => ({ name, migrations: coreMigrations }));
    await migrate({ url: server.url, modules, log: () => undefined });
    for (const { name } of modules)
      databases.set(name, openDatabase({ url: server.url, schema: name, role: `${name}_app`, scheduler }));
  });
  afterAll(async () => {
    for (const database of databases.values()) await database.close();
    await server?.stop();
  });
  beforeEach(async () => {
    for (const database of databases.values())
      for (const table of ["dead_letter", "timer"]) await database.query({ text: `delete from ${table}`, params: [] });
  });

  const handlersOf = (module: string): readonly RpcHandler[] => {
    const database = databases.get(module);
    if (!database) return deadLetterHandlers(module, undefined);
    const release = createLetterRelease({
      module,
      // Any key will do.
      aggregate: {
        identifies: "orderId",
        load: (keys) => ({ text: "select 1 where $1::text is null", params: [keys[0] ?? null] }),
      },
      database,
      clock: systemClock,
      scheduler,
      log: (_level, event, fields) => logged.push({ event, fields }),
      letGo: (letters) => letters.forEach(({ settle }) => void settle()),
      putBack: () => undefined,
      answerWithinMs: 50,
    });
    return deadLetterHandlers(module, { database, release: () => release });
  };

  async function park(
    module: string,
    key: string,
    sequence: number,
    parkedAtMs = NOW,
    source = TOPIC,
    message?: unknown,
  ) {
    const data = '{"name":"Alice"}';
    const envelope = { topic: source, key, sequence, type: "OrderConfirmed", data, correlationId: "c" };
    const error = "TypeError: a bug\nin two lines\n    at decide (file.ts:1:1)";
    await databases.get(module)?.query({
      text: `insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
        values ($1, $2, $3::integer, 'threw', $4, $5, $6::text::timestamptz)`,
      params: [key, source, sequence, error, JSON.stringify(message ?? envelope), new Date(parkedAtMs).toISOString()],
    });
  }

  return {
    databases,
    logged,
    errors,
    park,
    parkTimer: (key: string) => park("order", key, 0, NOW, "timer:deadline", { key, kind: "deadline", dueMs: NOW }),
    /** Calls the routes of a platform some of whose modules are away. */
    edge(away: readonly string[] = []) {
      const handlers = MODULES.filter((module) => !away.includes(module)).flatMap(handlersOf);
      const rpc = createDirectRpc(handlers, scheduler);
      const routes = deadLetterRoutes({ rpc, modules: MODULES, clock: systemClock });
      const handle = handlerWith(
        routes,
        httpFor(PEOPLE, (error) => void errors.push(error)),
      );
      return async (path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
        const response = await handle(
          new Request(`http://shop.test/api/v1/ops/deadletters${path}`, {
            method: body === undefined ? "GET" : "POST",
            headers: { authorization: "Bearer operator", "content-type": "application/json", ...headers },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          }),
        );
        return { status: response.status, headers: response.headers, body: bodySchema.parse(await response.json()) };
      };
    },
  };
}
