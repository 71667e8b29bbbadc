-- Old marks are looked for every minute.
create index inbox_mark_age on inbox_mark (marked_at, key, topic);
