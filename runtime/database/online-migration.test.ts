import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { systemScheduler as scheduler } from "../scheduler.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { migrate } from "./migrate.ts";
import { onlineSteps } from "./online-migration.ts";
import type { Database, Row } from "./port.ts";
import { openDatabase } from "./postgres.ts";
import type { Migration } from "./schema-state.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const TABLE: Migration = {
  id: "0000_table",
  sql: "create table item (id int primary key, name text); create index item_by_name on item (name);",
};
const INDEXES: Migration = {
  id: "0001_indexes",
  sql: `-- online
CREATE INDEX CONCURRENTLY IF NOT EXISTS "item_by_name_and_id" ON "item" USING btree ("name","id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "item_by_name";
`,
};

let server: EmbeddedServer;
let url = "";
let databases = 0;
let admin: Database;
const lines: string[] = [];

const ask = (text: string): Promise<Row[]> => admin.query({ text, params: [] });
const bring = (...migrations: readonly Migration[]) =>
  migrate({ url, modules: [{ name: "order", migrations }], log: (line) => void lines.push(line) });

beforeAll(async () => {
  server = await startScratchServer();
});
afterAll(() => server.stop());

beforeEach(async () => {
  lines.length = 0;
  databases += 1;
  const outside = openDatabase({ url: server.url, schema: "public", role: null, scheduler });
  await outside.query({ text: `create database shop${databases}`, params: [] });
  await outside.close();
  url = server.url.replace("/postgres?", `/shop${databases}?`);
  await bring(TABLE);
  admin = openDatabase({ url, schema: "order", role: null, scheduler });
});
afterEach(() => admin.close());

/** The table's indexes but for its primary key, and whether each can be used. */
async function indexes() {
  const rows = await ask(`select c.relname::text as name, i.indisvalid as valid from pg_index i
    join pg_class c on c.oid = i.indexrelid where i.indrelid = 'item'::regclass and not i.indisprimary order by name`);
  return Object.fromEntries(rows.map(({ name, valid }) => [String(name), valid]));
}

/** Changes a row and leaves that open, as the release before may: a build waits for it. Resolves to what ends it. */
async function openTransaction(): Promise<() => Promise<void>> {
  const lane = admin.lane("release before");
  const transaction = await lane.begin({ text: "insert into item values (1, 'open') returning id", params: [] });
  return async () => {
    await transaction.commit({ text: "select 1", params: [] });
    await lane.close();
  };
}

/** Resolves to its backend when the build has got as far as it can. */
async function waitingBuild(): Promise<unknown> {
  for (;;) {
    const [row] = await ask(`select p.pid from pg_stat_progress_create_index p join pg_stat_activity a on a.pid = p.pid
      where p.datname = current_database() and a.wait_event_type = 'Lock'`);
    if (row) return row["pid"];
    await scheduler.sleep(10);
  }
}

test("others read and write while an index is built; the old one goes when the new one is there", async () => {
  const end = await openTransaction();
  const done = bring(TABLE, INDEXES);
  await waitingBuild();
  await ask("insert into item values (2, 'meanwhile')");
  expect(await ask("select id from item")).toEqual([{ id: 2 }]);
  expect(await indexes()).toEqual({ item_by_name: true, item_by_name_and_id: false });
  await end();
  await done;
  expect(await indexes()).toEqual({ item_by_name_and_id: true });
  expect(lines).toEqual(["order: 0000_table", "order: 0001_indexes"]);
});

test("a build that was broken off is done again by the next run", async () => {
  const end = await openTransaction();
  const broken = bring(TABLE, INDEXES).then(
    () => "done",
    (error: Error) => error.message,
  );
  const pid = await waitingBuild();
  await ask(`select pg_terminate_backend(${pid}, 10000)`);
  expect(await broken).toContain('Migration 0001_indexes of "order" failed, and is done again by the next run');
  expect(await indexes()).toEqual({ item_by_name: true, item_by_name_and_id: false });
  await end();
  await bring(TABLE, INDEXES);
  expect(await indexes()).toEqual({ item_by_name_and_id: true });
  const recorded = await ask("select id from schema_migration order by position");
  expect(recorded).toEqual([{ id: "0000_table" }, { id: "0001_indexes" }]);
});

test("who waits for another that builds does not keep it from its end", async () => {
  const end = await openTransaction();
  const first = bring(TABLE, INDEXES);
  await waitingBuild();
  const others = [bring(TABLE, INDEXES), bring(TABLE, INDEXES)];
  const waiting =
    "select count(*) as n from pg_stat_activity where query like '%pg_try_advisory_lock%' and state = 'idle'";
  while (Number((await ask(`${waiting} and datname = current_database()`))[0]?.["n"]) < 2) await scheduler.sleep(10);
  await end();
  await Promise.all([first, ...others]);
  expect(lines.filter((line) => line === "order: 0001_indexes")).toHaveLength(1);
});

test("only what can be run again may be in it", () => {
  expect(onlineSteps(INDEXES.sql).map(({ builds }) => builds)).toEqual(["item_by_name_and_id", null]);
  for (const sql of [
    "create index concurrently a on item (id);",
    "create index if not exists a on item (id);",
    "drop index a;",
    "alter table item add column size int;",
    "create index concurrently if not exists a on item (id); drop table item;",
    "",
  ])
    expect(() => onlineSteps(`-- online\n${sql}`)).toThrow("an online migration has only");
});
