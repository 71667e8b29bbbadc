/**
 * Runs a batch until it is committed, parked or hopeless. What the database answers decides what is done next:
 * a conflict runs it again verifying, then in halves; an unavailable database is waited for and the batch is run again
 * verifying, for ever (a command fails when nobody waits for it any longer, or the outage lasts); what the database
 * rejects is halved until the culprit is alone, and that one is parked. A lone item that meets a conflict again and
 * again, with no outage between, is parked as well (a broken unique constraint looks like a rival), so it cannot stop
 * the lane for ever.
 */
import type { Clock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import { type BatchDeps, type BatchRun, runBatch } from "./batch.ts";
import type { Acknowledged } from "./batch-queue.ts";
import { CommandUnavailable } from "./command-unavailable.ts";
import type { Item } from "./item.ts";
import { aboutItem } from "./log-about.ts";
import { parkRejected } from "./park-rejected.ts";

export interface CommitDeps<State, Shared, Ports> {
  readonly batch: BatchDeps<State, Shared, Ports>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly retryMs: number;
  /** Says what the next statements are done for. */
  readonly about: (items: readonly Item<State, Shared>[]) => void;
  readonly stopped: () => boolean;
  /** What is known of these keys may be stale. */
  readonly forget: (items: readonly Item<State, Shared>[]) => void;
  /** A commit's answer was lost. */
  readonly uncertain: () => void;
  /** The database could not commit the batch, which will be tried again. */
  readonly unavailable: (error: unknown) => void;
  /** It has committed nothing for so long that who waits for an answer gets one. */
  readonly outOfPatience: () => boolean;
  /** Called once for each commit. */
  readonly committed: (run: BatchRun<State, Shared>, verified: boolean) => void;
  /** The database refused it for good. */
  readonly rejected?: (item: Item<State, Shared>) => void;
}

type Next = "wait" | "verify" | "halve" | "park";

/** A lone item that was decided on fresh rows so often loses to no rival: its decision contradicts the tables. */
const LONE_CONFLICTS = 30;

function judge(error: unknown, size: number, verifying: boolean, conflicts: number): Next {
  const kind = error instanceof DatabaseError ? error.kind : "rejected";
  if (kind === "unavailable") return "wait";
  if (kind === "conflict" && (!verifying || (size <= 1 && conflicts < LONE_CONFLICTS))) return "verify";
  if (size > 1) return "halve";
  // What was decided on a remembered row may be refused only because that row is not so any more.
  return verifying ? "park" : "verify";
}

/** A database that is back must not be kept waiting for long. */
const MOST_RETRY_PAUSES = 3;

/** Resolves when every item is settled, answered or failed, or when the lane has stopped. */
export async function commitBatch<State, Shared, Ports>(
  deps: CommitDeps<State, Shared, Ports>,
  items: readonly Item<State, Shared>[],
  acknowledged: readonly Acknowledged[],
  verify: boolean,
): Promise<void> {
  const { scheduler, retryMs } = deps;
  let left = items;
  let verifying = verify;
  /** Met on fresh rows, since the database was last away: an outage leaves behind what a rival has done meanwhile. */
  let conflicts = 0;
  for (let attempt = 0; !deps.stopped(); attempt++) {
    const error = await once(deps, left, acknowledged, verifying);
    if (error === undefined) return;
    deps.forget(left);
    switch (judge(error, left.length, verifying, conflicts)) {
      case "wait":
        conflicts = 0;
        deps.unavailable(error);
        deps.uncertain();
        left = failHopeless(deps, left, error);
        await scheduler.sleep(retryMs * Math.min(MOST_RETRY_PAUSES, attempt + 1));
        break;
      case "verify":
        if (verifying) await scheduler.sleep(Math.min(retryMs, ++conflicts));
        break;
      case "halve": {
        const middle = left.length >> 1;
        await commitBatch(deps, left.slice(0, middle), acknowledged, true);
        return commitBatch(deps, left.slice(middle), [], true);
      }
      case "park":
        left = await park(deps, left, error);
        if (left.length === 0 && acknowledged.length === 0) return;
        await scheduler.sleep(retryMs);
    }
    verifying = true;
  }
  for (const item of left) if (item.kind === "command") item.fail(new CommandUnavailable("unknown", "shutting down"));
}

/** One attempt; returns why it did not commit. */
async function once<State, Shared, Ports>(
  deps: CommitDeps<State, Shared, Ports>,
  items: readonly Item<State, Shared>[],
  acknowledged: readonly Acknowledged[],
  verifying: boolean,
): Promise<unknown> {
  let run: BatchRun<State, Shared>;
  try {
    const rows = acknowledged.map(({ row }) => row);
    deps.about(items);
    run = await runBatch(deps.batch, items, rows, verifying);
  } catch (error) {
    return error ?? new Error("a batch failed without saying why");
  }
  for (const { deleted } of acknowledged) deleted();
  deps.committed(run, verifying);
  return undefined;
}

/** Without an idempotency key nobody could tell whether the command was committed; expired ones have no listener. */
function failHopeless<State, Shared, Ports>(
  deps: CommitDeps<State, Shared, Ports>,
  items: readonly Item<State, Shared>[],
  error: unknown,
) {
  const now = deps.clock.now();
  const hopeless = deps.outOfPatience();
  return items.filter((item) => {
    if (item.kind !== "command" || (item.idempotency && item.expiresMs > now && !hopeless)) return true;
    item.fail(new CommandUnavailable("unknown", `the database is not available: ${String(error)}`));
    return false;
  });
}

/** Returns what is still to do: nothing, or the culprit when parking it failed as well. */
async function park<State, Shared, Ports>(
  deps: CommitDeps<State, Shared, Ports>,
  left: readonly Item<State, Shared>[],
  error: unknown,
) {
  const [culprit] = left;
  const { module, aggregate } = deps.batch.messaging;
  const about = culprit ? aboutItem(aggregate, culprit) : {};
  deps.log("error", "batch.rejected", { module, ...about, error: String(error) });
  if (!culprit) return [];
  if (!(await parkRejected(deps.batch.lane, culprit, error, deps.clock.now()))) return left;
  deps.rejected?.(culprit);
  return [];
}
