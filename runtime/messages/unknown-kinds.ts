/**
 * While a new version is rolled out, a replica of the one before may hold shards for which the new one has set timers or
 * asked for calls of kinds that this one does not know. They stay in their tables, untouched, until a replica that knows
 * them holds the shard, and nothing of them is lost. Where that does not happen (the new version was taken back), nobody
 * ever would: what has stood here for a look or two is told, once.
 *
 * Each replica looks at the shards that it holds. A look that fails is made up for by the next one.
 */
import type { Clock } from "../clock.ts";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database } from "../database/port.ts";
import type { Log } from "../log.ts";
import type { HeldShards } from "./shards.ts";

export interface UnknownKindsDeps {
  readonly module: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly shards: Pick<HeldShards, "held">;
  /** The kinds of calls and of timers that this version knows. */
  readonly calls: readonly string[];
  readonly timers: readonly string[];
}

/** A rollout replaces a replica in less than two of them. */
const EVERY_MS = 60_000;

/** Returns a function to call at each upkeep; it looks once a minute. */
export function createUnknownKinds(deps: UnknownKindsDeps): () => Promise<void> {
  const { module, database, clock, log, shards } = deps;
  let lastMs = clock.now();
  /** In how many looks one after the other each has been there. */
  let seen: ReadonlyMap<string, number> = new Map();
  return async () => {
    const sinceMs = clock.now() - lastMs;
    // Less than nothing: the clock was set back.
    if (sinceMs >= 0 && sinceMs < EVERY_MS) return;
    lastMs = clock.now();
    const rows = await database.query({
      text: `select 'call' as what, kind, min(key) as key, count(*) as count from call_intent
        where shard = any($1::smallint[]) and kind <> all($2::text[]) group by kind
        union all
        select 'timer', kind, min(key), count(*) from timer
        where due_at <= $4::text::timestamptz and shard = any($1::smallint[]) and kind <> all($3::text[]) group by kind
        order by what, kind`,
      params: [
        arrayLiteral(shards.held()),
        arrayLiteral(deps.calls),
        arrayLiteral(deps.timers),
        new Date(lastMs).toISOString(),
      ],
    });
    const looks = new Map<string, number>();
    for (const { what, kind, key, count } of rows) {
      const name = `${what}:${kind}`;
      const times = (seen.get(name) ?? 0) + 1;
      looks.set(name, times);
      if (times === 2) log("error", "kind.unknown", { module, waits: name, key: String(key), count: Number(count) });
    }
    seen = looks;
  };
}
