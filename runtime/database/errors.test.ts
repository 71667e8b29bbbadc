import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { systemScheduler as scheduler } from "../scheduler.ts";
import type { EmbeddedServer } from "./embedded.ts";
import { migrate } from "./migrate.ts";
import { type Database, DatabaseError, type Parameter } from "./port.ts";
import { openDatabase } from "./postgres.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;

beforeAll(async () => {
  server = await startScratchServer();
  const table = `create table person (email text primary key, age smallint not null check (age > 0), born date);
    insert into person values ('ann@example.org', 1);`;
  await migrate({
    url: server.url,
    modules: [{ name: "people", migrations: [{ id: "0001_person", sql: table }] }],
    log: () => undefined,
  });
  database = openDatabase({ url: server.url, schema: "people", role: "people_app", scheduler });
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

test.each<[string, string, Parameter[], string]>([
  ["no date", "select $1::text::date", ["ann@example.org"], "date"],
  ["no JSON", "select $1::text::json", ['{"email": ann@example.org'], "json"],
  ["no UUID, with quotes and lines of its own", "select $1::text::uuid", ['"ann@example.org"\n"ann"'], "uuid"],
  ["too large", "select $1::text::smallint", ["98765432"], "smallint"],
  ["there already", "insert into person values ($1, 1)", ["ann@example.org"], "person_pkey"],
  ["against a check", "insert into person values ($1, 0)", ["ann2@example.org"], "person_age_check"],
  ["missing", "insert into person (email) values ($1)", ["ann3@example.org"], "age"],
])("what is %s is not repeated by the error, in whatever way it is looked at", async (_what, text, params, kept) => {
  const error = await database.query({ text, params }).catch((reason: unknown) => reason);
  if (!(error instanceof DatabaseError)) throw new Error(`expected a DatabaseError, got ${error}`);
  const shown = `${error} ${error.stack} ${error.cause} ${JSON.stringify(error)} ${Bun.inspect(error.cause)}`;
  for (const value of ["example.org", "98765432"]) expect(shown).not.toContain(value);
  expect(error.message).toContain(kept);
});
