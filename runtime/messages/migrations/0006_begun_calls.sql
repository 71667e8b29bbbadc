-- Whether a call may have been begun. One that its maker could not begin, since another replica holds its shard, need not
-- be asked about. Versions that do not know the column leave true, and ask.
alter table call_intent add column begun boolean not null default true;
