import { describe, expect, test } from "bun:test";
import { deadlineSettings } from "../config/deadline-settings.ts";
import type { Database, Statement } from "../database/port.ts";
import { testBench } from "./replicas.fixture.ts";
import { createRetention, DEFAULT_RETENTION, type KeyedRows, TOPICS_KEEP_MS } from "./retention.ts";
import { tally } from "./tally.fixture.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 10);
const RETENTION = { idempotencyKeptForMs: DAY, marksKeptForMs: 60 * DAY, everyMs: MINUTE };
const bench = testBench();

/** The retention of the tally at a time that stands where it is put; what `meets` throws for is not sent. */
function retention({ meets = () => undefined, uuidKeys = false, keyedRows = [] }: Options = {}) {
  const time = { ms: NOW };
  const database: Database = {
    ...bench.database,
    async query(statement) {
      meets(statement);
      return bench.database.query(statement);
    },
  };
  const { aggregate } = tally({ uuidKeys });
  return { time, retain: createRetention(database, { now: () => time.ms }, RETENTION, { aggregate, keyedRows }) };
}
interface Options {
  readonly meets?: (statement: Statement) => void;
  readonly uuidKeys?: boolean;
  readonly keyedRows?: readonly KeyedRows[];
}

const isoAt = (ms: number) => new Date(ms).toISOString();
/** Marks a topic of a key as handled up to its number 3, so many days ago. */
const mark = (key: string, daysAgo: number, topic = "t") =>
  bench.rows(
    "insert into inbox_mark (key, topic, sequence, marked_at) values ($1, $2, 3, $3::text::timestamptz)",
    key,
    topic,
    isoAt(NOW - daysAgo * DAY),
  );
/** So many keys, one a minute from now back. */
const keysOfMinutes = (count: number) =>
  bench.rows(
    `insert into idempotency (scope, body_hash, status, reference, created_at)
      select md5(n::text)::uuid, md5('b')::uuid, 201, 'r', $1::text::timestamptz - n * interval '1 minute'
      from generate_series(1, $2::integer) n`,
    isoAt(NOW),
    count,
  );
const marks = async () =>
  (await bench.rows("select key, topic from inbox_mark order by key, topic")).map(
    ({ key, topic }) => `${key} ${topic}`,
  );
const keys = () => bench.count("idempotency");
const told = (retain: () => Promise<void>) =>
  retain().then(
    () => "nothing",
    (error: unknown) => String(error),
  );

test("what is older than its horizon goes, a page at an upkeep, and what is younger stays", async () => {
  await keysOfMinutes(6000);
  for (const daysAgo of [1, 59, 61, 100]) await mark(`${daysAgo} days`, daysAgo);
  const { time, retain } = retention();
  await retain();
  expect([await keys(), await marks()]).toEqual([6000, ["1 days t", "100 days t", "59 days t", "61 days t"]]);
  time.ms += MINUTE;
  await retain();
  expect([await keys(), await marks()]).toEqual([4000, ["1 days t", "59 days t"]]);
  await retain();
  expect(await keys()).toBe(2000);
  await retain();
  // A day and an hour. One minute has passed, so the key that was exactly as old then is older now.
  expect(await keys()).toBe(1499);
  // The next one is not yet due.
  await bench.rows("update idempotency set created_at = '2020-01-01'");
  await retain();
  expect(await keys()).toBe(1499);
});

test("rows that keys lead to go a while after the keys, a page at an upkeep", async () => {
  // One an hour from now back; every other one has a key.
  await bench.rows(
    `insert into note select md5(n::text)::uuid, case when n % 2 = 0 then md5(n::text)::uuid end,
      $1::text::timestamptz - n * interval '1 hour' from generate_series(1, 2500) n`,
    isoAt(NOW),
  );
  await bench.rows(
    `insert into idempotency (scope, body_hash, status, reference, created_at)
      select scope, scope, 201, 'r', created_at from note where scope is not null`,
  );
  const { time, retain } = retention({ keyedRows: [{ table: "note", outliveKeysByMs: 5 * HOUR }] });
  time.ms += MINUTE;
  await retain();
  // Keys of the same upkeep may have gone before or after; those without one go a page at a time.
  for (let upkeep = 0; upkeep < 3; upkeep++) {
    time.ms += MINUTE;
    await retain();
  }
  expect(await bench.count("note")).toBe(29);
  expect(await keys()).toBe(12);
  await bench.rows("update note set created_at = '2020-01-01'");
  await bench.rows("update idempotency set created_at = $1::text::timestamptz", isoAt(NOW));
  time.ms += MINUTE;
  await retain();
  expect((await bench.rows("select scope from note")).every(({ scope }) => scope !== null)).toBe(true);
  expect(await bench.count("note")).toBe(12);
});

describe("an error of the database", () => {
  test("is told, does not stop the other delete, and the next upkeep goes on", async () => {
    await keysOfMinutes(6000);
    await mark("old", 61);
    let away = "from idempotency";
    const { time, retain } = retention({
      meets({ text }) {
        if (away !== "" && text.includes(away)) throw new Error(`planted: no answer to ${away}`);
      },
    });
    time.ms += MINUTE;
    for (let upkeep = 0; upkeep < 2; upkeep++) expect(await told(retain)).toContain("planted");
    expect([await keys(), await marks()]).toEqual([6000, []]);
    away = "";
    for (let upkeep = 0; upkeep < 3; upkeep++) await retain();
    expect(await keys()).toBe(1499);
  });

  test("in the middle of a backlog loses nothing of it", async () => {
    await keysOfMinutes(6000);
    let sent = 0;
    const { time, retain } = retention({
      meets({ text }) {
        if (text.includes("from idempotency") && ++sent === 2) throw new Error("planted: gone");
      },
    });
    time.ms += MINUTE;
    await retain();
    expect(await keys()).toBe(4000);
    expect(await told(retain)).toContain("planted");
    for (let upkeep = 0; upkeep < 2; upkeep++) await retain();
    expect(await keys()).toBe(1499);
  });
});

describe("an old mark stays", () => {
  test("as long as a dead letter waits for it", async () => {
    await mark("waits", 400);
    await mark("waits", 400, "other");
    await mark("free", 400);
    await bench.rows("insert into dead_letter values ('waits', 't', 4, 'threw', 'a bug', '{}', '2020-01-01')");
    const { time, retain } = retention();
    time.ms += MINUTE;
    await retain();
    expect(await marks()).toEqual(["waits t"]);
    await bench.rows("delete from dead_letter");
    time.ms += MINUTE;
    await retain();
    expect(await marks()).toEqual([]);
  });

  test.each([
    ["text", false, "tally"],
    ["UUIDs", true, "uuid_tally"],
  ])("while the row beside it knows less: keys are %s", async (_what, uuidKeys, table) => {
    const names = ["ahead", "behind", "elsewhere"] as const;
    const uuids = names.map(() => crypto.randomUUID());
    const [ahead = "", behind = "", elsewhere = ""] = uuidKeys ? uuids : names;
    const row = (key: string, handled: object) =>
      bench.rows(
        `insert into ${table} (id, total, version, positions) values ($1, 0, 1, $2::text::json)`,
        key,
        JSON.stringify({ in: handled, out: {} }),
      );
    for (const key of [ahead, behind, elsewhere, "no key of theirs"]) await mark(key, 400);
    await row(ahead, { t: 3 });
    await row(behind, { t: 2 });
    await row(elsewhere, { other: 9 });
    const { time, retain } = retention({ uuidKeys });
    time.ms += MINUTE;
    await retain();
    expect(await marks()).toEqual([`${behind} t`, `${elsewhere} t`].sort());
    await bench.rows(`update ${table} set positions = $1::text::json`, JSON.stringify({ in: { t: 3 }, out: {} }));
    time.ms += MINUTE;
    await retain();
    expect(await marks()).toEqual([]);
  });

  test("that moves while its delete waits for it", async () => {
    await mark("moves", 400);
    const lane = bench.database.lane("a replica that handles a message");
    const moving = await lane.begin({
      text: "update inbox_mark set sequence = 4, marked_at = $1::text::timestamptz returning 1",
      params: [isoAt(NOW)],
    });
    const { time, retain } = retention();
    time.ms += MINUTE;
    const retained = retain();
    const waiting = "select 1 from pg_locks where not granted";
    while ((await bench.rows(waiting)).length === 0) await Bun.sleep(5);
    await moving.commit({ text: "select 1", params: [] });
    await retained;
    await lane.close();
    expect(await marks()).toEqual(["moves t"]);
  });
});

test("marks outlive all that a topic keeps, and any wait of an order that can be configured", () => {
  const { marksKeptForMs } = DEFAULT_RETENTION;
  expect(marksKeptForMs).toBeGreaterThan(2 * TOPICS_KEEP_MS);
  const tooLong = `${(marksKeptForMs - TOPICS_KEEP_MS) / DAY}d`;
  for (const { env, parser } of Object.values(deadlineSettings))
    expect([env, parser.parse(tooLong)]).toEqual([env, null]);
});
