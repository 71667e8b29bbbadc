import { expect, test } from "bun:test";
import { takenAway } from "./taken-away.ts";

test.each([
  "drop table a",
  'ALTER TABLE "a" DROP COLUMN "b"',
  "alter table a drop column if exists b",
  "alter table a rename to b",
  'ALTER TABLE "a" RENAME COLUMN "b" TO "c"',
  "alter table a alter column b type bigint",
  'ALTER TABLE "a" ALTER COLUMN "b" SET DATA TYPE text',
  "alter table a alter column b set not null",
  "alter table a alter b drop default",
  "alter table a add column b text not null",
  "alter table a add b text not null",
  "alter table a add constraint c check (b > 0)",
  "create unique index concurrently if not exists i on a (b)",
  "create or replace trigger t before insert on a execute function f()",
  "alter table a enable row level security",
  "revoke update on a from b",
  "delete from a where b is null",
  "alter table a\n  -- no longer read\n  drop column b",
])("%s may break the release before", (sql) => {
  expect(takenAway(`create table other (x int not null);\n${sql};`)).toHaveLength(1);
});

test.each([
  "create table a (b text not null, unique (b))",
  'create table "a" (b text); create unique index i on "a" (b); alter table "a" add constraint c check (b > 0)',
  "alter table a add column b text",
  'ALTER TABLE "a" ADD COLUMN "b" integer DEFAULT 0 NOT NULL',
  "alter table a add column b integer not null default 0",
  "alter table a alter column b drop not null",
  "alter table a drop constraint c",
  "alter table a set (fillfactor = 70)",
  "create index concurrently if not exists i on a (b)",
  "drop index concurrently if exists i",
  "-- drop table a\nselect 1",
  "comment on table a is 'append-only'",
])("%s breaks nobody", (sql) => {
  expect(takenAway(`${sql};`)).toEqual([]);
});
