/**
 * Publishes a module's outbox. Guarantees: every committed row of a held shard is published until the transport has
 * taken it, in order for each key as long as nothing fails, and only then deleted (the delete rides on the lane's next
 * batch). A crash in between publishes again; receivers skip what they know. Rows of this process's own commits come
 * straight from memory; what a crash or another replica left is found by sweeping.
 */
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database } from "../database/port.ts";
import type { Log, LogFields } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import { aboutTrace } from "../telemetry/logs/about-trace.ts";
import type { Transport } from "../transport/port.ts";
import { type Envelope, messageId } from "./envelope.ts";
import type { OutboxRow } from "./item.ts";
import { decodeMessage } from "./outbox-message.ts";
import type { HeldShards } from "./shards.ts";

export interface RelayDeps {
  readonly module: string;
  readonly database: Database;
  readonly transport: Transport;
  readonly shards: HeldShards;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Whom a message is about, as log lines name it. */
  readonly about: (message: Envelope) => LogFields;
  /** Marks a row for deletion; `deleted` is called when it is gone. */
  readonly acknowledge: (row: OutboxRow, deleted: () => void) => void;
  /** Rows of a topic published and not yet deleted, at most; the rest stays in the table until there is room. */
  readonly inHandLimit: number;
}

export interface Relay {
  /** Rows that this process has just committed. */
  offer(rows: readonly OutboxRow[]): void;
  /** Finds rows of held shards that are not in hand. */
  sweep(): Promise<void>;
  /** There are rows in the table that had no room. */
  behind(): boolean;
  inHand(): number;
  stop(): void;
}

const PAGE = 500;
const RETRY_MS = 200;

/**
 * What is in hand of one topic. A topic has its own room, so that a consumer that does not settle stops nobody else's
 * messages. While it is full only a sweep takes rows of it, in the table's order: an offer would overtake them.
 */
interface TopicInHand {
  count: number;
  full: boolean;
  /** A row was turned away since the last sweep began. */
  turnedAway: boolean;
}

export function createRelay(deps: RelayDeps): Relay {
  const { shards, transport, scheduler } = deps;
  const inHand = new Set<string>();
  const topics = new Map<string, TopicInHand>();
  let sweeping = false;
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  function topicOf(row: OutboxRow): TopicInHand {
    let topic = topics.get(row.envelope.topic);
    if (!topic) {
      topic = { count: 0, full: false, turnedAway: false };
      topics.set(row.envelope.topic, topic);
    }
    return topic;
  }

  function accept(row: OutboxRow, swept: boolean) {
    if (!shards.holds(row.shard)) return;
    const id = messageId(row.envelope);
    if (inHand.has(id)) return;
    const topic = topicOf(row);
    if ((topic.full && !swept) || topic.count >= deps.inHandLimit) {
      topic.full = true;
      topic.turnedAway = true;
      return;
    }
    inHand.add(id);
    topic.count++;
    publish(row, id);
  }

  function drop(row: OutboxRow, id: string) {
    if (inHand.delete(id)) topicOf(row).count--;
  }

  function publish(row: OutboxRow, id: string) {
    transport.publish(row.envelope).then(
      () =>
        deps.acknowledge(row, () => {
          drop(row, id);
          if (behind()) sweep().catch(() => undefined); // the topic stays full: the next upkeep sweeps again
        }),
      (error) => {
        deps.log("warn", "relay.publish_failed", {
          module: deps.module,
          ...deps.about(row.envelope),
          ...aboutTrace(row.envelope.traceparent),
          messageId: id,
          error: String(error),
        });
        scheduler.after(RETRY_MS, () => {
          if (stopped) return;
          if (shards.holds(row.shard)) publish(row, id);
          else drop(row, id);
        });
      },
    );
  }

  function behind() {
    if (sweeping || stopped) return false;
    for (const { full, count } of topics.values()) if (full && count < deps.inHandLimit / 2) return true;
    return false;
  }

  /** One sweep after the other: the next one sees shards that were taken meanwhile. */
  function sweep(): Promise<void> {
    const next = last.then(sweepOnce);
    last = next.catch(() => undefined);
    return next;
  }

  async function sweepOnce() {
    const held = shards.held();
    if (held.length === 0) return;
    sweeping = true;
    for (const topic of topics.values()) topic.turnedAway = false;
    try {
      await sweepPages(held);
      for (const topic of topics.values()) topic.full = topic.turnedAway;
    } finally {
      sweeping = false;
    }
  }

  async function sweepPages(held: readonly number[]) {
    let after: readonly [number, string, string, number] = [-1, "", "", 0];
    for (;;) {
      const rows = await deps.database.query({
        text: `select shard, key, topic, sequence, message from outbox
          where shard = any($1::smallint[]) and (shard, key, topic, sequence) > ($2::smallint, $3, $4, $5::integer)
          order by shard, key, topic, sequence limit ${PAGE}`,
        params: [arrayLiteral(held), ...after],
      });
      for (const row of rows) {
        const place = {
          shard: Number(row.shard),
          key: String(row.key),
          topic: String(row.topic),
          sequence: Number(row.sequence),
          message: String(row.message),
        };
        accept({ shard: place.shard, envelope: decodeMessage(place), message: place.message }, true);
        after = [place.shard, place.key, place.topic, place.sequence];
      }
      if (rows.length < PAGE) return;
    }
  }

  return {
    offer(rows) {
      for (const row of rows) accept(row, false);
    },
    sweep,
    behind,
    inHand: () => inHand.size,
    stop() {
      stopped = true;
    },
  };
}
