import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { createConnection, createServer, type Server } from "node:net";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { migrate, verifySchema } from "./migrate.ts";
import type { Row } from "./port.ts";
import { openDatabase } from "./postgres.ts";
import type { ModuleMigrations } from "./schema-state.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

let server: EmbeddedServer;
let url = "";
let databases = 0;
const lines: string[] = [];
const log = (line: string) => void lines.push(line);

const FIRST = { id: "0001_first", sql: "create table item (id bigint generated always as identity, name text);" };
const SECOND = {
  id: "0002_second",
  sql: `alter table item add column size int; create function twice(n int) returns int language sql as 'select n * 2';`,
};
const order: ModuleMigrations = { name: "order", migrations: [FIRST, SECOND] };
const payment: ModuleMigrations = { name: "payment", migrations: [FIRST] };
const both = [order, payment];

async function ask(text: string, options: { url?: string; schema?: string; role?: string } = {}): Promise<Row[]> {
  const { schema = "public", role = null } = options;
  const database = openDatabase({ url: options.url ?? url, schema, role, scheduler });
  try {
    return await database.query({ text, params: [] });
  } finally {
    await database.close();
  }
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof StartError)) throw new Error(`expected a StartError, got ${outcome}`);
  return outcome.message;
}

const applied = () => ask('select id, position from "order".schema_migration order by position');
const inDatabase = (name: string, user = "postgres") =>
  server.url.replace("/postgres?", `/${name}?`).replace("user=postgres", `user=${user}`);

beforeAll(async () => {
  server = await startScratchServer();
});
afterAll(() => server.stop());

beforeEach(async () => {
  lines.length = 0;
  databases += 1;
  await ask(`create database shop${databases}`, { url: server.url });
  url = inDatabase(`shop${databases}`);
});

test("runs each migration once, in order, and changes nothing when all is current", async () => {
  await migrate({ url, modules: both, log });
  expect(lines).toEqual(["order: 0001_first", "order: 0002_second", "payment: 0001_first"]);
  expect(await applied()).toEqual([
    { id: "0001_first", position: 1 },
    { id: "0002_second", position: 2 },
  ]);
  await verifySchema({ url, modules: both, log });
  const [before] = await ask("select pg_current_wal_insert_lsn()::text as lsn");
  await migrate({ url, modules: both, log });
  expect(await ask("select pg_current_wal_insert_lsn()::text as lsn")).toEqual([before ?? {}]);
  expect(lines).toHaveLength(3);
});

test("the module's role changes data, also in what comes later, and nothing else", async () => {
  await migrate({ url, modules: [{ ...order, migrations: [FIRST] }, payment], log });
  await migrate({ url, modules: both, log });
  const as = { schema: "order", role: "order_app" };
  expect(await ask("insert into item (name, size) values ('a', twice(2)) returning id, size", as)).toEqual([
    { id: 1, size: 4 },
  ]);
  expect(await ask("update item set name = 'b' returning name", as)).toEqual([{ name: "b" }]);
  for (const forbidden of [
    "drop table item",
    "create table other (a int)",
    "truncate item",
    "select * from payment.item",
    "delete from schema_migration",
  ]) {
    const error = await ask(forbidden, as).then(
      () => forbidden,
      (reason) => reason.sqlState,
    );
    expect(error).toBe("42501");
  }
});

test("to a table whose comment is append-only the role only adds, also after later migrations", async () => {
  const kept = { id: "0003_kept", sql: "create table kept (a int); comment on table kept is 'append-only';" };
  const later = { id: "0004_later", sql: "create table later (a int);" };
  const withOrder = (...more: { id: string; sql: string }[]) => [{ ...order, migrations: [FIRST, SECOND, ...more] }];
  const as = { schema: "order", role: "order_app" };
  for (const migrations of [[kept], [kept, later]]) {
    await migrate({ url, modules: withOrder(...migrations), log });
    await ask("insert into kept values (1)", as);
    for (const forbidden of ["update kept set a = 2", "delete from kept", "truncate kept"])
      await expect(ask(forbidden, as)).rejects.toMatchObject({ sqlState: "42501" });
  }
  expect(await ask("select a from kept", as)).toEqual([{ a: 1 }, { a: 1 }]);
  await ask("insert into later values (1)", as);
  await ask("delete from later", as);
});

test("a failing migration is undone whole and named; the next run goes on from there", async () => {
  const broken = { id: "0003_broken", sql: "create table half (a int); select 1 / 0;" };
  const message = await refusal(
    migrate({ url, modules: [{ name: "order", migrations: [FIRST, SECOND, broken] }], log }),
  );
  expect(message).toBe('Migration 0003_broken of "order" failed and was undone: division by zero');
  expect(await ask("select to_regclass('\"order\".half') as half")).toEqual([{ half: null }]);
  const fixed = { ...broken, sql: "create table half (a int);" };
  await migrate({ url, modules: [{ name: "order", migrations: [FIRST, SECOND, fixed] }], log });
  expect(await applied()).toHaveLength(3);
});

test("refuses a history that contradicts this build", async () => {
  await migrate({ url, modules: both, log });
  const withOrder = (...migrations: { id: string; sql: string }[]) => [{ name: "order", migrations }, payment];
  const edited = withOrder(FIRST, { ...SECOND, sql: "select 1" });
  for (const act of [migrate, verifySchema]) {
    expect(await refusal(act({ url, modules: edited, log }))).toContain(
      '0002_second of "order" was changed after it ran',
    );
    const inserted = withOrder(FIRST, { id: "0001b", sql: "select 1" }, SECOND);
    expect(await refusal(act({ url, modules: inserted, log }))).toContain("only ever added at the end");
  }
  const older = withOrder(FIRST);
  expect(await refusal(migrate({ url, modules: older, log }))).toContain(
    "is newer than this build (it has migration 0002_second)",
  );
  await verifySchema({ url, modules: older, log });
  expect(lines.at(-1)).toBe("the database of order is ahead of this build by 0002_second");
  const longer = withOrder(FIRST, SECOND, { id: "0003_third", sql: "select 1" });
  expect(await refusal(verifySchema({ url, modules: longer, log }))).toContain(
    "the first is 0003_third: run `migrate` first",
  );
  const windows = withOrder({ ...FIRST, sql: `${FIRST.sql}\r\n` }, SECOND);
  expect(await refusal(migrate({ url, modules: windows, log }))).toContain("0001_first");
});

test("a newer database that only has more is left alone by who may; one that lacks something too is refused", async () => {
  await migrate({ url, modules: both, log });
  const older = [{ name: "order", migrations: [FIRST] }, payment];
  const [before] = await ask("select pg_current_wal_insert_lsn()::text as lsn");
  lines.length = 0;
  await migrate({ url, modules: older, log, newer: "leave" });
  expect(lines).toEqual(["the database of order is ahead of this build by 0002_second"]);
  expect(await ask("select pg_current_wal_insert_lsn()::text as lsn")).toEqual([before ?? {}]);
  const another = [{ name: "order", migrations: [FIRST, { id: "0002_other", sql: "select 1" }] }, payment];
  expect(await refusal(migrate({ url, modules: another, log, newer: "leave" }))).toBe(
    'The database of "order" has migration 0002_second, which this build does not know, and lacks 0002_other: start a build that has both',
  );
});

test("what a migration takes away is refused to builds that use it, and to no others, also on an old record", async () => {
  const unused = { id: "0003_name_unused", sql: "select 1" };
  const contract = {
    id: "0004_no_name",
    sql: "-- contract: needs 0003_name_unused\nalter table item drop column name;",
  };
  const withOrder = (...migrations: { id: string; sql: string }[]) => [{ name: "order", migrations }, payment];
  await migrate({ url, modules: withOrder(FIRST, SECOND), log });
  // As the first releases made it.
  await ask('alter table "order".schema_migration drop column needs');
  await verifySchema({ url, modules: both, log });
  await migrate({ url, modules: withOrder(FIRST, SECOND, unused, contract), log });
  for (const newer of ["leave", "refuse"] as const)
    for (const act of [migrate, verifySchema])
      expect(await refusal(act({ url, modules: both, log, newer }))).toBe(
        'The database of "order" is newer than this build can use (its migration 0004_no_name needs a build that has 0003_name_unused): start the newer build',
      );
  const previous = withOrder(FIRST, SECOND, unused);
  await verifySchema({ url, modules: previous, log });
  await migrate({ url, modules: previous, log, newer: "leave" });
  await verifySchema({ url, modules: withOrder(FIRST, SECOND, unused, contract), log });
});

test("a line of migrations with a name of its own grows at its end, also where others have run already", async () => {
  const core = { id: "core_0001", sql: "create table core (a int)" };
  const later = { id: "core_0002", sql: "alter table core add column b int" };
  const withOrder = (...migrations: { id: string; sql: string }[]) => [{ name: "order", migrations }];
  await migrate({ url, modules: withOrder(core, FIRST), log });
  const grown = withOrder(core, later, FIRST, SECOND);
  expect(await refusal(verifySchema({ url, modules: grown, log }))).toContain(
    "lacks 2 migrations, the first is core_0002",
  );
  await migrate({ url, modules: grown, log });
  await verifySchema({ url, modules: grown, log });
  const ids = ["core_0001", "0001_first", "core_0002", "0002_second"];
  expect((await applied()).map(({ id }) => id)).toEqual(ids);
  const swapped = withOrder(later, core, FIRST, SECOND);
  expect(await refusal(migrate({ url, modules: swapped, log }))).toContain("only ever added at the end");
});

test("a server that takes connections and never answers is told soon, not after a migration's time", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const waits: number[] = [];
  const hurried = {
    ...scheduler,
    after(delayMs: number, task: () => void) {
      waits.push(delayMs);
      return scheduler.after(Math.min(delayMs, 50), task);
    },
  };
  const url = `postgres://me:secret@127.0.0.1:${silent.port}/shop`;
  try {
    const message = await refusal(migrate({ url, modules: both, log, scheduler: hurried }));
    expect(message).toContain("gave no answer within 10000 ms): check host and port");
    expect(Math.max(...waits)).toBe(10_000);
  } finally {
    silent.stop(true);
  }
});

/** A server on a port that says `refusals` times that it is starting, and is then the scratch server. */
function startingServer(refusals: number) {
  const text = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
  const refusal = Buffer.alloc(5 + text.length);
  refusal.write("E");
  refusal.writeInt32BE(4 + text.length, 1);
  refusal.write(text, 5);
  const asked = { times: 0 };
  const front = createServer((socket) => {
    socket.on("error", () => undefined);
    if (asked.times++ < refusals) return void socket.once("data", () => socket.end(refusal));
    const back = createConnection(`${decodeURIComponent(new URL(url).searchParams.get("host") ?? "")}/.s.PGSQL.5432`);
    back.on("error", () => socket.destroy());
    socket.pipe(back).pipe(socket);
  });
  return { front, asked };
}

async function migrateOver({ front }: { front: Server }) {
  const waits: number[] = [];
  const hurried = { ...scheduler, sleep: async (delayMs: number) => void waits.push(delayMs) };
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const address = front.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen on a port");
  const overTcp = `postgres://postgres@127.0.0.1:${address.port}/shop${databases}`;
  try {
    await migrate({ url: overTcp, modules: both, log, scheduler: hurried });
  } finally {
    front.close();
  }
  return waits;
}

test("a server that is starting is waited for", async () => {
  const server = startingServer(3);
  expect(await migrateOver(server)).toEqual([250, 250, 250]);
  expect(lines[0]).toBe("waiting for the database's server: the database system is starting up");
  expect(lines.filter((line) => line.includes("waiting"))).toHaveLength(1);
  expect(await applied()).toHaveLength(2);
});

test("a server that never ends starting is given up after half a minute", async () => {
  const server = startingServer(Number.POSITIVE_INFINITY);
  expect(await refusal(migrateOver(server))).toContain("starting up): the server is starting or stopping");
  expect(server.asked.times).toBe(30_000 / 250 + 1);
});

test("an empty database is not verified, and an unreachable one is named without its password", async () => {
  expect(await refusal(verifySchema({ url, modules: both, log }))).toContain("run `migrate` first");
  const message = await refusal(migrate({ url: "postgres://me:secret@127.0.0.1:1/shop", modules: both, log }));
  expect(message).toStartWith('The database "shop" at 127.0.0.1:1 cannot be used (connect ECONNREFUSED');
  expect(message).not.toContain("secret");
});

test("several processes at once, on one database and on two, with roles that nobody has made yet", async () => {
  const modules = [
    { name: "pricing", migrations: [FIRST] },
    { name: "delivery", migrations: [FIRST] },
  ];
  await ask(`create database twin${databases}`, { url: server.url });
  const urls = [url, url, url, inDatabase(`twin${databases}`)];
  await Promise.all(urls.map((each) => migrate({ url: each, modules, log })));
  expect(lines).toHaveLength(4);
  await Promise.all(urls.map((each) => verifySchema({ url: each, modules, log })));
});

test("a user without rights is refused before anything changes, with the SQL; running it helps", async () => {
  const user = `plain${databases}`;
  await ask(`create role ${user} login`);
  const modules = [{ name: "inventory", migrations: [FIRST] }];
  const plain = inDatabase(`shop${databases}`, user);
  const message = await refusal(migrate({ url: plain, modules, log }));
  const statements = message.slice(message.indexOf("administrator: ") + "administrator: ".length);
  expect(statements).toBe(
    `create role "inventory_app"; grant "inventory_app" to "${user}"; create schema "inventory" authorization "${user}";`,
  );
  await ask(statements);
  await migrate({ url: plain, modules, log });
  const rows = await ask("insert into item (name) values ('a') returning id", {
    url: plain,
    schema: "inventory",
    role: "inventory_app",
  });
  expect(rows).toEqual([{ id: 1 }]);
});

test("a user that may create roles and schemas needs nobody else", async () => {
  const user = `maker${databases}`;
  await ask(`create role ${user} login createrole`);
  await ask(`grant create on database shop${databases} to ${user}`);
  const maker = inDatabase(`shop${databases}`, user);
  const modules = [{ name: "notification", migrations: [FIRST] }];
  await migrate({ url: maker, modules, log });
  const as = { url: maker, schema: "notification", role: "notification_app" };
  expect(await ask("select current_user::text as me", as)).toEqual([{ me: "notification_app" }]);
});
