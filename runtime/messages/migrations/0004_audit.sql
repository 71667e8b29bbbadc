-- What operators have changed. The comment makes it append-only for the module's role: database/migrate.ts.
create table audit (
  id uuid primary key,
  at timestamptz(3) not null,
  subject text not null,
  issuer text not null,
  action text collate "C" not null,
  objects json not null,
  key text collate "C" not null,
  outcome text not null,
  trace_id text,
  scope uuid
);
create index audit_order on audit (at, id);
create index audit_key on audit (key, at, id);
comment on table audit is 'append-only';
