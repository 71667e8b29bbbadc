import { afterAll, beforeAll, expect, test } from "bun:test";
import { migrate } from "../database/migrate.ts";
import type { Database } from "../database/port.ts";
import { openDatabase } from "../database/postgres.ts";
import { startScratchServer } from "../database/scratch-server.fixture.ts";
import { systemScheduler } from "../scheduler.ts";
import { coreMigrations } from "./migrations.ts";
import { createRetention } from "./retention.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 10);
let server: Awaited<ReturnType<typeof startScratchServer>>;
let database: Database;

beforeAll(async () => {
  server = await startScratchServer();
  await migrate({ url: server.url, modules: [{ name: "order", migrations: coreMigrations }], log: () => undefined });
  database = openDatabase({ url: server.url, schema: "order", role: "order_app", scheduler: systemScheduler });
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

test("old keys and marks go, page by page, young ones stay, and a failed run goes on at the next upkeep", async () => {
  await database.query({
    text: `insert into idempotency (scope, body_hash, status, reference, created_at)
      select md5(n::text)::uuid, md5('b')::uuid, 201, 'r', $1::text::timestamptz - n * interval '1 minute'
      from generate_series(1, 6000) n`,
    params: [new Date(NOW).toISOString()],
  });
  await database.query({
    text: `insert into inbox_mark (key, topic, sequence, marked_at)
      select n::text, 't', 1, $1::text::timestamptz - n * interval '1 day' from generate_series(1, 100) n`,
    params: [new Date(NOW).toISOString()],
  });
  let failing = true;
  let now = NOW;
  const flaky: Database = {
    ...database,
    query: (statement) => (failing ? Promise.reject(new Error("away")) : database.query(statement)),
  };
  const retain = createRetention(
    flaky,
    { now: () => now },
    { idempotencyKeptForMs: DAY, marksKeptForMs: 60 * DAY, everyMs: 60_000 },
  );
  const left = async () => {
    const [row] = await database.query({
      text: "select (select count(*) from idempotency) as keys, (select count(*) from inbox_mark) as marks",
      params: [],
    });
    return [Number(row?.keys), Number(row?.marks)];
  };

  await retain();
  expect(await left()).toEqual([6000, 100]);
  now += 60_000;
  expect(retain()).rejects.toThrow("away");
  failing = false;
  await retain();
  // A day and an hour. One minute has passed, so the key that was exactly as old then is older now.
  expect(await left()).toEqual([1499, 59]);
});

test("a mark stays as long as a dead letter waits for it", async () => {
  for (const [key, topic] of [
    ["waits", "t"],
    ["waits", "other"],
    ["free", "t"],
  ])
    await database.query({
      text: "insert into inbox_mark (key, topic, sequence, marked_at) values ($1, $2, 1, '2020-01-01')",
      params: [key ?? "", topic ?? ""],
    });
  const letter = "insert into dead_letter values ('waits', 't', 2, 'threw', 'a bug', '{}', '2020-01-01')";
  await database.query({ text: letter, params: [] });
  let now = NOW;
  const retain = createRetention(
    database,
    { now: () => now },
    { idempotencyKeptForMs: DAY, marksKeptForMs: 60 * DAY, everyMs: 60_000 },
  );
  const old = async () =>
    await database.query({
      text: "select key, topic from inbox_mark where marked_at = '2020-01-01' order by key, topic",
      params: [],
    });
  now += 60_000;
  await retain();
  expect(await old()).toEqual([{ key: "waits", topic: "t" }]);
  await database.query({ text: "delete from dead_letter", params: [] });
  now += 60_000;
  await retain();
  expect(await old()).toEqual([]);
});
