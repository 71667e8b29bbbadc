import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { systemScheduler as scheduler } from "../scheduler.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { type Database, DatabaseError, type Lane, type Parameter, type Row, type Statement } from "./port.ts";
import { type OpenDatabaseOptions, openDatabase } from "./postgres.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;
let lane: Lane;
const opened: Database[] = [];

const sql = (text: string, ...params: Parameter[]): Statement => ({ text, params });

function open(options: Partial<OpenDatabaseOptions> = {}): Database {
  const made = openDatabase({
    url: server.url,
    schema: "order",
    role: "order_app",
    scheduler,
    statementTimeoutMs: 250,
    ...options,
  });
  opened.push(made);
  return made;
}

/** The error of a promise that must reject. */
async function failure(promise: Promise<unknown>): Promise<DatabaseError> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof DatabaseError)) throw new Error(`expected a DatabaseError, got ${outcome}`);
  return outcome;
}

const one = async (rows: Promise<Row[]>) => (await rows)[0] ?? {};
const backendOf = async (who: Lane) => Number((await one(who.run(sql("select pg_backend_pid() as pid"))))["pid"]);
const admin = (text: string, ...params: Parameter[]) => database.query(sql(text, ...params));
const stateOf = async (pid: number) =>
  (await one(admin("select state from pg_stat_activity where pid = $1", pid)))["state"];
const ids = async () => (await admin('select id from "order".item order by id')).map((row) => row["id"]);

beforeAll(async () => {
  server = await startScratchServer();
  database = openDatabase({ url: server.url, schema: "public", role: null, scheduler });
  await admin("create role order_app");
  await admin('create schema "order"');
  await admin('create table "order".item (id int unique deferrable initially deferred, total bigint)');
  await admin('create unique index on "order".item (total)');
  await admin('grant usage on schema "order" to order_app');
  await admin('grant select, insert, update, delete on "order".item to order_app');
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  await admin('delete from "order".item');
  lane = open().lane("test");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

describe("a connection", () => {
  test("starts with role, schema, limits and, on a lane, fixed plans", async () => {
    const settings = sql(
      `select current_user::text as role, current_setting('search_path') as path, current_setting('timezone') as zone,
        current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle, current_setting('plan_cache_mode') as plans,
        current_setting('enable_seqscan') as seqscan, current_setting('application_name') as name`,
    );
    const common = {
      role: "order_app",
      path: '"order"',
      zone: "UTC",
      statement: "250ms",
      lock: "125ms",
      idle: "250ms",
    };
    expect(await lane.run(settings)).toEqual([
      { ...common, plans: "force_generic_plan", seqscan: "off", name: "order test" },
    ]);
    expect(await open().query(settings)).toEqual([{ ...common, plans: "auto", seqscan: "on", name: "order" }]);
  });

  test("carries values both ways unchanged", async () => {
    const id = "0198c0de-0000-7000-8000-000000000001";
    const statement = sql(
      `select $1::bigint as big, $2::timestamptz as at, $3::text::json as doc, $4::jsonb as docb, $5::numeric as money,
        $6::uuid[] as ids, $7::text[] as names, $8::boolean as yes, null::int as nothing, $9::text as words`,
      ...[9_007_199_254_740_991, "2026-01-31T10:00:00.123Z", '{"a":[1]}', '{"b":null}', "1.10"],
      ...[`{${id}}`, '{"x, y","q\\"",NULL}', true, 'it\'s "so" \\ ü'],
    );
    const expected = {
      ...{ big: 9_007_199_254_740_991, at: Date.UTC(2026, 0, 31, 10, 0, 0, 123), doc: { a: [1] }, docb: { b: null } },
      ...{ money: "1.10", ids: [id], names: ["x, y", 'q"', null], yes: true, nothing: null, words: 'it\'s "so" \\ ü' },
    };
    expect(await lane.run(statement)).toEqual([expected]);
    expect(await lane.run(statement)).toEqual([expected]);
  });

  test("refuses values it cannot send or read, and goes on", async () => {
    const wrong: Statement = { text: "select $1::text", params: JSON.parse("[{}]") };
    expect((await failure(lane.run(wrong))).kind).toBe("rejected");
    const error = await failure(lane.run(sql("select 9007199254740993::bigint as big")));
    expect(error.message).toContain("does not fit");
    expect(await lane.run(sql("select 1 as a"))).toEqual([{ a: 1 }]);
  });

  test("that cannot be made is unavailable, whatever the server says", async () => {
    const refused = open({ url: "postgres://me@127.0.0.1:1/x" });
    expect(await failure(refused.query(sql("select 1")))).toMatchObject({ kind: "unavailable", sqlState: "" });
    const noRole = open({ role: "nobody_app" }).lane("x");
    expect(await failure(noRole.run(sql("select 1")))).toMatchObject({ kind: "unavailable", sqlState: "22023" });
    const noDatabase = open({ url: server.url.replace("/postgres?", "/none?") });
    expect(await failure(noDatabase.query(sql("select 1")))).toMatchObject({ kind: "unavailable", sqlState: "3D000" });
  });

  test("to a server that accepts and says nothing, or hangs up, is unavailable", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    const rude = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    for (const each of [silent, rude]) {
      const address = each.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const error = await failure(
        open({ url: `postgres://me@127.0.0.1:${address.port}/x` })
          .lane("x")
          .run(sql("select 1")),
      );
      expect(error).toMatchObject({ kind: "unavailable", sqlState: "" });
      each.close();
    }
  });
});

describe("a lane", () => {
  test("runs statements in the order given, pipelined, each in its own transaction", async () => {
    const runs = Array.from({ length: 50 }, (_, id) =>
      lane.run(sql("insert into item values ($1, $2) returning id", id, id)),
    );
    const bad = lane.run(sql("select 1 / $1::int", 0));
    const after = lane.run(sql("select count(*) as count from item"));
    expect(await failure(bad)).toMatchObject({ kind: "rejected", sqlState: "22012" });
    expect(await after).toEqual([{ count: 50 }]);
    expect((await Promise.all(runs)).map((rows) => rows[0]?.["id"])).toEqual(Array.from({ length: 50 }, (_, id) => id));
  });

  test("commits a transaction and gives the rows of both statements", async () => {
    for (const id of [1, 2]) {
      const transaction = await lane.begin(sql("insert into item values ($1, 0 - $1) returning id", id));
      expect(transaction.rows).toEqual([{ id }]);
      expect(
        await transaction.commit(sql("update item set total = $2 where id = $1 returning total", id, id * 10)),
      ).toEqual([{ total: id * 10 }]);
    }
    expect(await ids()).toEqual([1, 2]);
  });

  test("rolls back when the first or the last statement fails, and stays usable", async () => {
    const pid = await backendOf(lane);
    expect((await failure(lane.begin(sql("insert into item values (1, 1 / $1::int)", 0)))).sqlState).toBe("22012");
    expect(await stateOf(pid)).toBe("idle");
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    expect(await failure(transaction.commit(sql("select 1 / $1::int", 0)))).toMatchObject({
      kind: "rejected",
      sqlState: "22012",
    });
    const duplicate = await lane.begin(sql("insert into item values (2, 2)"));
    expect((await failure(duplicate.commit(sql("insert into item values (3, 2)")))).kind).toBe("conflict");
    expect(await stateOf(pid)).toBe("idle");
    expect(await backendOf(lane)).toBe(pid);
    expect(await ids()).toEqual([]);
  });

  test("notices what only COMMIT reveals", async () => {
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    const error = await failure(transaction.commit(sql("insert into item values (1, 2)")));
    expect(error).toMatchObject({ kind: "conflict", sqlState: "23505" });
    expect(await ids()).toEqual([]);
    expect(await lane.run(sql("select 1 as a"))).toEqual([{ a: 1 }]);
  });

  test("rollback ends the transaction; a second end is refused or does nothing", async () => {
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    await transaction.rollback();
    await transaction.rollback();
    expect((await failure(transaction.commit(sql("insert into item values (2, 2)")))).kind).toBe("unavailable");
    expect(await ids()).toEqual([]);
  });

  test("refuses a statement that would slip into an open transaction", async () => {
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    expect((await failure(lane.run(sql("insert into item values (2, 2)")))).kind).toBe("rejected");
    expect((await failure(lane.begin(sql("select 1")))).kind).toBe("rejected");
    const committed = transaction.commit(sql("select 1"));
    const after = lane.run(sql("insert into item values (3, 3)"));
    await Promise.all([committed, after]);
    expect(await ids()).toEqual([1, 3]);
  });

  test("never runs the rest of a transaction on another connection", async () => {
    const pid = await backendOf(lane);
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    await admin("select pg_terminate_backend($1)", pid);
    const error = await failure(transaction.commit(sql("insert into item values (2, 2)")));
    expect(error.kind).toBe("unavailable");
    expect(await backendOf(lane)).not.toBe(pid);
    expect(await ids()).toEqual([]);
  });

  test("a transaction left idle is ended by the server and reported as unavailable", async () => {
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    await Bun.sleep(400);
    expect((await failure(transaction.commit(sql("insert into item values (2, 2)")))).kind).toBe("unavailable");
    expect(await lane.run(sql("select count(*) as count from item"))).toEqual([{ count: 0 }]);
  });

  test("a plan made stale by a schema change never repeats its statement outside the transaction", async () => {
    await admin('create table if not exists "order".shape (a int)');
    await admin('grant all on "order".shape to order_app');
    const statement = sql("insert into shape select $1::int returning *", 1);
    await lane.run(statement);
    await admin('alter table "order".shape add column b int');
    const transaction = await lane.begin(sql("insert into item values (1, 1)"));
    expect((await failure(transaction.commit(statement))).kind).toBe("unavailable");
    expect(await ids()).toEqual([]);
    expect(await admin('select a from "order".shape')).toEqual([{ a: 1 }]);
    expect(await lane.run(statement)).toEqual([{ a: 1, b: null }]);
    await admin('drop table "order".shape');
  });

  test("a backend frozen in mid-air: unavailable at the deadline, then a new connection", async () => {
    const pid = await backendOf(lane);
    process.kill(pid, "SIGSTOP");
    try {
      const began = performance.now();
      const error = await failure(lane.run(sql("insert into item values (1, 1)")));
      expect(error).toMatchObject({ kind: "unavailable", sqlState: "" });
      expect(performance.now() - began).toBeLessThan(2000);
      expect(await backendOf(lane)).not.toBe(pid);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("a frozen server: unavailable at the deadline, works again afterwards", async () => {
    const fresh = open().lane("fresh");
    process.kill(server.pid, "SIGSTOP");
    try {
      expect((await failure(fresh.begin(sql("select 1")))).kind).toBe("unavailable");
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    expect(await fresh.run(sql("select 1 as a"))).toEqual([{ a: 1 }]);
  });

  test("limits of the server: a slow statement and a lock held by another are unavailable", async () => {
    expect(await failure(lane.run(sql("select pg_sleep(5)")))).toMatchObject({
      kind: "unavailable",
      sqlState: "57014",
    });
    await lane.run(sql("insert into item values (1, 1)"));
    const other = open({ statementTimeoutMs: 5000 }).lane("other");
    const holding = await other.begin(sql("select id from item for update"));
    expect(await failure(lane.run(sql("update item set total = 5")))).toMatchObject({
      kind: "unavailable",
      sqlState: "55P03",
    });
    await holding.rollback();
    expect(await lane.run(sql("update item set total = 5 returning total"))).toEqual([{ total: 5 }]);
  });

  test("closed, it refuses; what was under way is left to the server", async () => {
    await lane.run(sql("select 1"));
    const under = failure(lane.run(sql("select pg_sleep(0.2)")));
    await Bun.sleep(20);
    await lane.close();
    expect((await under).kind).toBe("unavailable");
    expect((await failure(lane.run(sql("select 1")))).message).toContain("closed");
  });
});

describe("the pool", () => {
  test("is bounded: beyond connections and queue it refuses at once, and recovers", async () => {
    const small = open({ poolSize: 2, queueLimit: 1 });
    const slow = [1, 2, 3].map((n) => small.query(sql("select $1::int as n, pg_sleep(0.1) is null as slept", n)));
    const began = performance.now();
    expect((await failure(small.query(sql("select 1")))).message).toContain("all 2 database connections are in use");
    expect(performance.now() - began).toBeLessThan(90);
    expect((await Promise.all(slow)).map((rows) => rows[0]?.["n"])).toEqual([1, 2, 3]);
    expect(await small.query(sql("select 1 as a"))).toEqual([{ a: 1 }]);
  });

  test("a frozen connection fails its statement and those that wait for it, never for ever", async () => {
    const small = open({ poolSize: 1 });
    const pid = Number((await one(small.query(sql("select pg_backend_pid() as pid"))))["pid"]);
    process.kill(pid, "SIGSTOP");
    try {
      const frozen = failure(small.query(sql("select 1")));
      await Bun.sleep(30);
      const waiting = small.query(sql("select 2 as b"));
      expect((await frozen).kind).toBe("unavailable");
      expect(await waiting.catch((error: DatabaseError) => error.kind)).toEqual([{ b: 2 }]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("closes within its grace, also when a connection is frozen", async () => {
    const small = open({ poolSize: 1, statementTimeoutMs: 30_000 });
    const pid = Number((await one(small.query(sql("select pg_backend_pid() as pid"))))["pid"]);
    process.kill(pid, "SIGSTOP");
    try {
      const frozen = failure(small.query(sql("select 1")));
      const began = performance.now();
      await small.close();
      expect(performance.now() - began).toBeLessThan(3000);
      expect((await frozen).kind).toBe("unavailable");
      expect((await failure(small.query(sql("select 1")))).message).toContain("closed");
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });
});
