-- Replicas that stand by. A table of their own: versions that do not know it count everybody in `replica` for the sharing
-- of shards, and would leave a part of them to replicas that take none.
create table idle_replica (
  id uuid primary key,
  beat bigint not null
);
