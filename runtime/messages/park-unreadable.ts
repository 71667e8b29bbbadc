/**
 * Keeps a record that is no message as a dead letter of its own, under the place where it stands in its topic: it can be
 * looked at and discarded, and holds up nobody. A database that is away is waited for as long as the module runs; then
 * it rejects, and the record comes again in another life. A record that comes again finds its letter there.
 */
import type { Clock } from "../clock.ts";
import { type Database, DatabaseError } from "../database/port.ts";
import type { Scheduler } from "../scheduler.ts";
import type { UnreadableRecord } from "../transport/port.ts";
import { withoutNul } from "./park-rejected.ts";

interface ParkDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly retryMs: number;
  readonly stopped: () => boolean;
}

export async function parkUnreadable(deps: ParkDeps, record: UnreadableRecord): Promise<void> {
  const { database, clock, scheduler, retryMs } = deps;
  const { topic, partition, offset, reason } = record;
  const statement = {
    text: `insert into dead_letter (key, source, sequence, reason, error, parked_at, message)
      values ($1, $2, 0, 'unreadable', $3, $4::text::timestamptz, $5) on conflict do nothing`,
    params: [
      `${partition}-${offset}`,
      `record:${topic}`,
      withoutNul(reason),
      new Date(clock.now()).toISOString(),
      withoutNul(JSON.stringify(record)),
    ],
  };
  for (;;) {
    try {
      await database.query(statement);
      return;
    } catch (error) {
      if (deps.stopped() || !(error instanceof DatabaseError && error.kind === "unavailable")) throw error;
      await scheduler.sleep(retryMs);
    }
  }
}
