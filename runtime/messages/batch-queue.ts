/**
 * What waits for the lane. Work on the customer's path makes a batch start at once; background work and outbox
 * acknowledgements wait for company some milliseconds, and ride along with whatever starts earlier. Commands that create
 * something begin new work: they get what room the work under way leaves, so that it is finished first. What is to be
 * verified makes batches of its own; while other work is due they are small, and each second batch is for that work.
 */
import type { Clock } from "../clock.ts";
import type { Item, OutboxRow } from "./item.ts";

export interface Acknowledged {
  readonly row: OutboxRow;
  /** Called when the row is deleted. */
  readonly deleted: () => void;
}

export interface BatchQueue<State, Shared> {
  push(item: Item<State, Shared>, background: boolean): void;
  /** For what is to be looked at with nothing taken on trust: a message that came too early, a dead letter. */
  pushVerified(item: Item<State, Shared>): void;
  acknowledge(row: Acknowledged): void;
  /** 0 when a batch may start, infinity when nothing waits. */
  readyInMs(): number;
  take(): {
    readonly items: readonly Item<State, Shared>[];
    readonly acknowledged: readonly Acknowledged[];
    readonly verify: boolean;
  };
  /** What was taken last is committed, or will never be. */
  settled(): void;
  size(): number;
  /** Work on the customer's path that is under way: what waits, and what the last batch took. */
  underWay(): number;
  /**
   * For how long each batch has been too small for the work under way, so that some was passed over; 0 while what waits
   * finds room in the next one.
   */
  backlogMs(): number;
  drain(): readonly Item<State, Shared>[];
}

interface QueueLimits {
  readonly batchLimit: number;
  readonly backgroundDelayMs: number;
  readonly ackDelayMs: number;
}

/** `onePerKey`: a batch holds one item a key, because the next one's shared rows depend on what the first decides. */
export function createBatchQueue<State, Shared>(
  clock: Clock,
  limits: QueueLimits,
  onePerKey: boolean,
): BatchQueue<State, Shared> {
  let urgent: Item<State, Shared>[] = [];
  let beginnings: Item<State, Shared>[] = [];
  let background: Item<State, Shared>[] = [];
  let verified: Item<State, Shared>[] = [];
  const acknowledgements: Acknowledged[] = [];
  /** Since when batches have passed over work under way; null after one that had room for all. */
  let passedOverSinceMs: number | null = null;
  let urgentTaken = 0;
  let backgroundSinceMs = 0;
  /** The batch before was verified: the other work's turn, when it is due. */
  let othersTurn = false;
  let acknowledgedSinceMs = 0;

  function takeFrom(source: Item<State, Shared>[], room: number, taken: Item<State, Shared>[], keys: Set<string>) {
    if (room <= 0) return source;
    if (!onePerKey && source.length <= room) {
      for (const item of source) taken.push(item);
      return [];
    }
    const end = taken.length + room;
    const left: Item<State, Shared>[] = [];
    for (const item of source) {
      if (taken.length < end && !(onePerKey && keys.has(item.key))) taken.push(item);
      else left.push(item);
      keys.add(item.key);
    }
    return left;
  }

  /** At most 0 when the time is over, and where the clock was set back: nobody waits for the time that it lost. */
  function leftMs(sinceMs: number, delayMs: number): number {
    const passedMs = clock.now() - sinceMs;
    return passedMs < 0 ? 0 : delayMs - passedMs;
  }
  const backgroundIsDue = () => background.length > 0 && leftMs(backgroundSinceMs, limits.backgroundDelayMs) <= 0;
  /** What one kind of work may take of a batch where another waits. */
  const share = Math.ceil(limits.batchLimit / 4);

  return {
    push(item, isBackground) {
      if (item.kind === "command" && item.creates) beginnings.push(item);
      else if (!isBackground) urgent.push(item);
      else {
        if (background.length === 0) backgroundSinceMs = clock.now();
        background.push(item);
      }
    },
    pushVerified(item) {
      verified.push(item);
    },
    acknowledge(row) {
      if (acknowledgements.length === 0) acknowledgedSinceMs = clock.now();
      acknowledgements.push(row);
    },
    readyInMs() {
      if (urgent.length + beginnings.length + verified.length > 0) return 0;
      if (background.length >= limits.batchLimit) return 0;
      const backgroundMs = background.length > 0 ? leftMs(backgroundSinceMs, limits.backgroundDelayMs) : Infinity;
      const acknowledgedMs = acknowledgements.length > 0 ? leftMs(acknowledgedSinceMs, limits.ackDelayMs) : Infinity;
      return Math.max(0, Math.min(backgroundMs, acknowledgedMs));
    },
    take() {
      urgentTaken = 0;
      const acknowledged = acknowledgements.splice(0, 5 * limits.batchLimit);
      const othersAreDue = urgent.length + beginnings.length > 0 || backgroundIsDue();
      if (verified.length > 0 && !(othersAreDue && othersTurn)) {
        const items: Item<State, Shared>[] = [];
        verified = takeFrom(verified, othersAreDue ? share : limits.batchLimit, items, new Set());
        othersTurn = true;
        return { items, acknowledged, verify: true };
      }
      othersTurn = false;
      const items: Item<State, Shared>[] = [];
      const keys = new Set<string>();
      // Full batches of urgent work must not starve the rest: what is urgent may wait for a mark that it advances.
      const kept = backgroundIsDue() ? Math.min(background.length, share) : 0;
      urgent = takeFrom(urgent, limits.batchLimit - kept, items, keys);
      urgentTaken = items.length;
      const urgentHadRoom = urgent.length === 0 || urgentTaken < limits.batchLimit - kept;
      beginnings = takeFrom(beginnings, limits.batchLimit - kept - items.length, items, keys);
      background = takeFrom(background, limits.batchLimit - items.length, items, keys);
      // What is left behind for its key alone is no sign of too much work.
      const backgroundHadRoom = background.length === 0 || items.length < limits.batchLimit;
      const nowMs = clock.now();
      passedOverSinceMs = urgentHadRoom && backgroundHadRoom ? null : Math.min(passedOverSinceMs ?? nowMs, nowMs);
      if (background.length > 0) backgroundSinceMs = clock.now();
      return { items, acknowledged, verify: false };
    },
    settled() {
      urgentTaken = 0;
    },
    size: () => urgent.length + beginnings.length + background.length + verified.length,
    underWay: () => urgent.length + urgentTaken,
    backlogMs: () => (passedOverSinceMs === null ? 0 : clock.now() - passedOverSinceMs),
    drain() {
      const all = [...urgent, ...beginnings, ...background, ...verified];
      urgent = [];
      beginnings = [];
      background = [];
      verified = [];
      return all;
    },
  };
}
