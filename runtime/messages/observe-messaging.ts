/**
 * What of a module waits, for whoever asks for metrics: its lane from memory, the rest from its tables, in two reads that
 * look at no more than the first rows (waiting-work.ts). Every replica of a module tells of the same tables. Where the
 * database does not answer in time, nothing is told of them, and the next one who asks makes them be read again.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import {
  callsWaiting,
  deadLetters,
  laneBacklog,
  laneItems,
  outboxAge,
  outboxMessages,
  timersDue,
} from "../telemetry/metrics/catalogue.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { LaneLoad } from "./lane.ts";
import { readWaitingWork } from "./waiting-work.ts";

export interface ObservedMessaging {
  readonly module: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly load: () => LaneLoad;
  readonly depth: () => {
    readonly inHand: number;
    readonly queued: number;
    readonly commands: number;
    readonly waiting: number;
  };
}

/** Counted at most: more are no more worrying. */
const MOST_LETTERS = 10_000;

/** Has these gauges read when somebody asks. */
export function observeMessaging(metrics: Metrics, { module, database, clock, load, depth }: ObservedMessaging): void {
  const own = { module: [module] };
  const items = metrics.gauge(laneItems, { ...own, state: ["queued", "commands", "early", "in_hand"] });
  const queued = items.series({ module, state: "queued" });
  const commands = items.series({ module, state: "commands" });
  const early = items.series({ module, state: "early" });
  const inHand = items.series({ module, state: "in_hand" });
  const backlog = metrics.gauge(laneBacklog, own).series({ module });
  metrics.observe(() => {
    const now = depth();
    return [
      { series: queued, value: now.queued },
      { series: commands, value: now.commands },
      { series: early, value: now.waiting },
      { series: inHand, value: now.inHand },
      { series: backlog, value: load().backlogMs / 1000 },
    ];
  });

  const outbox = metrics.gauge(outboxMessages, own).series({ module });
  const age = metrics.gauge(outboxAge, own).series({ module });
  const calls = metrics.gauge(callsWaiting, own).series({ module });
  const due = metrics.gauge(timersDue, own).series({ module });
  metrics.observe(async () => {
    const nowMs = clock.now();
    const waiting = await readWaitingWork(database, nowMs);
    const of = (kind: string) => waiting.filter((each) => each.kind === kind);
    const countOf = (kind: string) => of(kind).reduce((sum, { count }) => sum + count, 0);
    const oldestMs = Math.min(nowMs, ...of("message").map((each) => each.oldestMs));
    return [
      { series: outbox, value: countOf("message") },
      { series: age, value: (nowMs - oldestMs) / 1000 },
      { series: calls, value: countOf("call") },
      { series: due, value: countOf("timer") },
    ];
  });

  const letters = metrics.gauge(deadLetters, own).series({ module });
  metrics.observe(async () => {
    const [row] = await database.query({
      text: `select count(*) as count from (select 1 from dead_letter where discarded_at is null
        order by key, source, sequence limit ${MOST_LETTERS}) parked`,
      params: [],
    });
    return [{ series: letters, value: Number(row?.count ?? 0) }];
  });
}
