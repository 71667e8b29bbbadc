-- A discarded message leaves its row as a marker that counts as its number, until its turn comes.
alter table dead_letter add column discarded_at timestamptz(3), add column discard_reason text;
create index dead_letter_age on dead_letter (parked_at, key, source, sequence);
