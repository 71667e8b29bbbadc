-- The trace that a timer or a call goes on with; null for most, which are in none.
alter table timer add column traceparent text;
alter table call_intent add column traceparent text;
