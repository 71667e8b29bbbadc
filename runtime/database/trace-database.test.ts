import { expect, test } from "bun:test";
import { spansBench } from "../telemetry/spans.fixture.ts";
import { type Database, DatabaseError, type Lane, type Row } from "./port.ts";
import { traceDatabase } from "./trace-database.ts";

const rows = Promise.resolve<Row[]>([]);
const lane: Lane = {
  run: () => rows,
  begin: () => Promise.reject(new Error("is not traced here")),
  close: async () => undefined,
};
const databaseWith = (query: Database["query"]): Database => ({
  query,
  lane: () => lane,
  close: async () => undefined,
});
const statement = { text: `select ${"a".repeat(600)} where name = $1`, params: ["alice"] };

test("a request's statement is a span of it with its text, cut and without values", async () => {
  const { tracer, ended, during } = spansBench();
  const database = traceDatabase(
    databaseWith(() => rows),
    tracer,
    "order",
  );
  await during(() => database.query(statement));
  await during(() => database.lane("quotes").run(statement));
  expect(ended.map(({ name, kind, error }) => [name, kind, error])).toEqual([
    ["order query", "client", null],
    ["order query", "client", null],
  ]);
  const text = String(ended[0]?.attributes["db.statement"]);
  expect([text.slice(0, 8), text.length]).toEqual(["select a", 161]);
  expect(ended[0]?.attributes).toMatchObject({
    "app.module": "order",
    "peer.service": "order-db",
    "db.system": "postgresql",
    "db.name": "order",
  });
  expect(JSON.stringify(ended)).not.toContain("alice");
});

test("of what fails its kind is told, and not what the server said", async () => {
  const { tracer, ended, during } = spansBench();
  const refusal = new DatabaseError("conflict", "23505", "Key (name)=(alice) already exists");
  const database = traceDatabase(
    databaseWith(() => Promise.reject(refusal)),
    tracer,
    "order",
  );
  await expect(during(() => database.query(statement))).rejects.toBe(refusal);
  expect(ended.map(({ error }) => error)).toEqual(["conflict 23505"]);
});

test("nothing is made for what is not traced", () => {
  const { tracer, ended } = spansBench();
  const database = traceDatabase(
    databaseWith(() => rows),
    tracer,
    "order",
  );
  expect(database.query(statement)).toBe(rows);
  expect(database.lane("quotes").run(statement)).toBe(rows);
  expect(ended).toEqual([]);
});
