-- The message core's own tables, the same in every module's schema. The protocol: docs/messages.md.

create table outbox (
  shard smallint not null,
  key text collate "C" not null,
  topic text collate "C" not null,
  sequence integer not null,
  message text not null,
  primary key (shard, key, topic, sequence)
);

create table timer (
  shard smallint not null,
  key text collate "C" not null,
  kind text collate "C" not null,
  due_at timestamptz(3) not null,
  primary key (shard, key, kind)
);
create index timer_due on timer (due_at, shard, key, kind);

create table call_intent (
  shard smallint not null,
  id uuid not null,
  key text collate "C" not null,
  kind text collate "C" not null,
  request text not null,
  primary key (shard, id)
);

create table idempotency (
  scope uuid primary key,
  body_hash uuid not null,
  status smallint not null,
  reference text not null,
  created_at timestamptz(3) not null
);
create index idempotency_age on idempotency using brin (created_at);

-- High-water marks of keys that have no aggregate row to carry them.
create table inbox_mark (
  key text collate "C" not null,
  topic text collate "C" not null,
  sequence integer not null,
  marked_at timestamptz(3) not null,
  primary key (key, topic)
);

create table dead_letter (
  key text collate "C" not null,
  source text collate "C" not null,
  sequence integer not null,
  reason text not null,
  error text not null,
  message text not null,
  parked_at timestamptz(3) not null,
  primary key (key, source, sequence)
);

create table replica (
  id uuid primary key,
  beat bigint not null
);

create table shard (
  shard smallint primary key,
  holder uuid,
  epoch bigint not null
);
insert into shard (shard, holder, epoch) select n, null, 0 from generate_series(0, 15) as n;

alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table timer set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
alter table call_intent set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Fails the whole statement when a guarded write did not touch exactly the rows that its decision was made on.
create function expect_rows(actual bigint, expected bigint, what text) returns boolean language plpgsql as $$
begin
  if actual <> expected then
    raise exception '%: % of % rows as expected', what, actual, expected using errcode = 'GD001';
  end if;
  return true;
end
$$;
