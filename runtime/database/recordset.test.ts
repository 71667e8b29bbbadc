import { expect, test } from "bun:test";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { instant, json, minorUnits } from "./columns.ts";
import { column, columnNames, recordset, recordType } from "./recordset.ts";

const set = recordset(
  pgTable('or"der', {
    id: text("id").notNull(),
    total: minorUnits("total"),
    at: instant("created_at"),
    data: json<object>("data"),
    count: integer("select"),
  }),
);

test("names are quoted and types are the columns'", () => {
  expect(set.table).toBe('"or""der"');
  expect(columnNames(set, "x.")).toBe('x."id", x."total", x."created_at", x."data", x."select"');
  expect(recordType(set)).toBe(
    'x("id" text, "total" bigint, "created_at" timestamptz(3), "data" json, "select" integer)',
  );
  expect(column(set, "at").name).toBe("created_at");
  expect(() => column(set, "created_at")).toThrow("created_at");
});

test("rows travel with column names, times as ISO text, and what is absent is left out", () => {
  const row = { id: "a", total: 5, at: 1_700_000_000_123, data: { b: [1] }, count: null, other: "ignored" };
  expect(set.encode(row)).toEqual({ id: "a", total: 5, created_at: "2023-11-14T22:13:20.123Z", data: { b: [1] } });
  expect(set.decode({ id: "a", total: 5, created_at: 7, data: {}, select: null })).toEqual({
    id: "a",
    total: 5,
    at: 7,
    data: {},
    count: null,
  });
});
