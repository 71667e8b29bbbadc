/** What is written comes back from a real PostgreSQL as it was, or is rejected; it never comes back as something else. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { anyText, storableText, verifyAsync } from "../property.fixture.ts";
import { systemScheduler } from "../scheduler.ts";
import { arrayLiteral } from "./array-literal.ts";
import { instant, json, minorUnits } from "./columns.ts";
import { type Database, DatabaseError } from "./port.ts";
import { openDatabase } from "./postgres.ts";
import { columnNames, recordset, recordType } from "./recordset.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";
import { parseArray } from "./value-types.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

let server: Awaited<ReturnType<typeof startScratchServer>>;
let database: Database;
beforeAll(async () => {
  server = await startScratchServer();
  database = openDatabase({ url: server.url, schema: "public", role: null, scheduler: systemScheduler });
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

test("arrays of texts and numbers, as one parameter", async () => {
  await verifyAsync(
    fc.asyncProperty(fc.array(storableText), fc.array(fc.integer()), async (texts, numbers) => {
      const [row] = await database.query({
        text: "select $1::text[] as texts, $2::integer[] as numbers",
        params: [arrayLiteral(texts), arrayLiteral(numbers)],
      });
      expect(row).toEqual({ texts, numbers });
      expect(parseArray(arrayLiteral(texts), (each) => each)).toEqual(texts);
    }),
  );
});

const set = recordset(
  pgTable("round_trip", {
    id: integer("id").notNull(),
    name: text("na me"),
    total: minorUnits("total"),
    at: instant("created_at"),
    data: json<unknown>("data"),
  }),
);
const row = fc.record({
  id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  name: fc.option(storableText),
  total: fc.option(fc.maxSafeInteger()),
  at: fc.option(fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) })),
  data: fc.option(fc.oneof(storableText, fc.dictionary(storableText, fc.oneof(storableText, fc.maxSafeInteger())))),
});

test("rows of a table, as one JSON parameter", async () => {
  await verifyAsync(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), async (rows) => {
      const found = await database.query({
        text: `select ${columnNames(set, "x.")} from json_to_recordset($1::text::json) as ${recordType(set)}`,
        params: [JSON.stringify(rows.map(set.encode))],
      });
      expect(found.map(set.decode)).toEqual(rows);
    }),
  );
});

test("a text that cannot be stored is rejected where it stands, and harms no statement beside it", async () => {
  await verifyAsync(
    fc.asyncProperty(anyText, async (name) => {
      const encoded = JSON.stringify([{ id: 1, name }].map(set.encode));
      const [read, neighbour] = await Promise.all([
        database
          .query({
            text: `select "na me" as name from json_to_recordset($1::text::json) as ${recordType(set)}`,
            params: [encoded],
          })
          .then(
            ([found]) => found?.name,
            (error) => error,
          ),
        database.query({ text: "select $1::text as name", params: ["beside"] }),
      ]);
      if (!name.includes("\0") && name.isWellFormed()) expect(read).toBe(name);
      else {
        expect(read).toBeInstanceOf(DatabaseError);
        expect(read).toHaveProperty("kind", "rejected");
      }
      expect(neighbour).toEqual([{ name: "beside" }]);
    }),
  );
});
