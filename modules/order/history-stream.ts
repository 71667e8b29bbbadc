/**
 * An order's history as it grows: what is there after a sequence, then each entry when its commit is known here, whichever
 * process has made it. Every entry comes once and in order, because what comes next is read by the number of the last one;
 * a database that is away delays it and loses nothing. It is over when the order has ended.
 */

import { DatabaseError } from "../../runtime/database/port.ts";
import { BEAT_MS, type StreamEvent } from "../../runtime/http/event-streams.ts";
import { invariant } from "../../runtime/invariant.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { Changes } from "../../runtime/messages/changes.ts";
import { shownHistory } from "./api.ts";
import { type HistoryEntry, hasEnded, type Order } from "./order.ts";
import type { OrderRouteDeps } from "./route-deps.ts";

export interface HistoryStreamDeps extends Pick<OrderRouteDeps, "historyAfter"> {
  readonly changes: Changes<Order>;
}

const RETRY_MS = 500;

/** What comes after `sequence`; null where there was nothing for a while. Ends when the signal fires. */
export async function* historyEvents(
  { changes, historyAfter }: HistoryStreamDeps,
  order: Pick<Stored<Order>, "state" | "version">,
  sequence: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent | null, void> {
  let { state, version } = order;
  let told = sequence;
  while (!signal.aborted && !changes.ended) {
    const isBehind = state.historyLength > told;
    if (!isBehind && hasEnded(state)) return;
    const entries = isBehind ? await historyAfter({ orderId: state.id, afterSequence: told }).catch(orNone) : [];
    for (const entry of entries) {
      invariant(entry.sequence === told + 1, () => `order ${state.id} has no entry ${told + 1} in its history`);
      told = entry.sequence;
      yield eventOf(entry);
    }
    if (entries.length > 0) continue;
    const next = await changes.next(state.id, version, { timeoutMs: isBehind ? RETRY_MS : BEAT_MS, signal });
    if (next) ({ state, version } = next);
    else yield null;
  }
}

function orNone(error: unknown): readonly HistoryEntry[] {
  if (error instanceof DatabaseError && error.kind === "unavailable") return [];
  throw error;
}

const eventOf = (entry: HistoryEntry): StreamEvent => ({
  id: entry.sequence,
  type: entry.type,
  data: shownHistory(entry),
});
