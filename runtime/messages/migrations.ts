import core from "./migrations/0001_message_core.sql" with { type: "text" };
import deadLetters from "./migrations/0002_dead_letters.sql" with { type: "text" };
import markAge from "./migrations/0003_mark_age.sql" with { type: "text" };
import audit from "./migrations/0004_audit.sql" with { type: "text" };
import traceparent from "./migrations/0005_traceparent.sql" with { type: "text" };
import begunCalls from "./migrations/0006_begun_calls.sql" with { type: "text" };
import idleReplicas from "./migrations/0007_idle_replicas.sql" with { type: "text" };

/** The message core's tables, first in every module's schema. */
export const coreMigrations = [
  { id: "core_0001_message_core", sql: core },
  { id: "core_0002_dead_letters", sql: deadLetters },
  { id: "core_0003_mark_age", sql: markAge },
  { id: "core_0004_audit", sql: audit },
  { id: "core_0005_traceparent", sql: traceparent },
  { id: "core_0006_begun_calls", sql: begunCalls },
  { id: "core_0007_idle_replicas", sql: idleReplicas },
] as const;
