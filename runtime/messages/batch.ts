/**
 * One batch from loading to commit: the transaction that makes effects happen once.
 *
 * Without shared rows a batch is one statement. With them it is BEGIN + lock, decide, save + COMMIT, in two round
 * trips. A rejection leaves nothing written, except that an `unavailable` one may have committed: the caller runs the
 * batch again verifying, and finds by marks, keys, timers and intents what was done.
 */
import type { Clock } from "../clock.ts";
import { DatabaseError, type Lane } from "../database/port.ts";
import type { Ids } from "../ids.ts";
import type { Stored } from "./aggregate.ts";
import { type BatchPlan, collectMarks, deadLetterOf, emptyPlan } from "./batch-plan.ts";
import { type BatchContext, decideItem } from "./decide-batch.ts";
import type { Prepared } from "./decision.ts";
import { type Handlers, handlerName } from "./handlers.ts";
import type { IntentRow, Item, MessageItem, OutboxRow } from "./item.ts";
import { type Loaded, loadOptimistic, loadVerifying } from "./load-batch.ts";
import type { Messaging } from "./messaging.ts";
import { checkPlan } from "./plan-invariants.ts";
import { type StatementShape, saveStatement } from "./save-batch.ts";

export interface BatchDeps<State, Shared, Ports> {
  readonly messaging: Messaging<State, Shared, Ports>;
  readonly handlers: Handlers<State, Shared>;
  readonly lane: Lane;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly shape: StatementShape;
  /** Intents on their way into the table: a sweep that meets them there must not take them for a crashed call's. */
  readonly intents: {
    expect(intents: readonly IntentRow[]): void;
    /** They were not committed, or nobody knows. */
    withdraw(intents: readonly IntentRow[]): void;
    /** Whether the calls of a shard are made by this process. */
    madeHere(shard: number): boolean;
  };
  readonly cached: (key: string) => Stored<State> | undefined;
}

export interface BatchRun<State, Shared> {
  readonly plan: BatchPlan<State, Shared>;
  /** Some of the items were written: the database takes commits. */
  readonly written: boolean;
  /** The database was asked for something, and did it: it is there. */
  readonly answered: boolean;
  /** What was decided: what others had done already is not among them. */
  readonly items: readonly Item<State, Shared>[];
  /** Messages that came too early; verified: a number before them has not come yet and is not parked either. */
  readonly early: readonly MessageItem[];
}

/** Runs a batch once; throws a `DatabaseError` when it did not commit. */
export async function runBatch<State, Shared, Ports>(
  deps: BatchDeps<State, Shared, Ports>,
  items: readonly Item<State, Shared>[],
  acknowledged: readonly OutboxRow[],
  verify: boolean,
): Promise<BatchRun<State, Shared>> {
  const { messaging, lane } = deps;
  const loaded = verify
    ? await loadVerifying(messaging, lane, items)
    : await loadOptimistic(messaging, lane, items, deps.cached);
  const prepared = new Map<MessageItem, Prepared<State, Shared>>();
  const sharedKeys = neededShared(deps, loaded, prepared);

  if (!messaging.shared || sharedKeys.length === 0) {
    const run = decide(deps, loaded, new Map(), prepared, verify);
    const statement = saveStatement(messaging, run.plan, acknowledged, deps.clock.now(), deps.shape);
    if (statement) await announced(deps, run, () => lane.run(statement));
    return {
      ...run,
      written: statement !== undefined && items.length > 0,
      answered: loaded.asked || statement !== undefined,
    };
  }
  const transaction = await lane.begin(messaging.shared.lock(sharedKeys));
  let run: Decided<State, Shared>;
  let statement: ReturnType<typeof saveStatement>;
  try {
    run = decide(deps, loaded, messaging.shared.decode(transaction.rows), prepared, verify);
    statement = saveStatement(messaging, run.plan, acknowledged, deps.clock.now(), deps.shape);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
  const last = statement;
  if (last) await announced(deps, run, () => transaction.commit(last));
  else await transaction.rollback();
  return { ...run, written: last !== undefined, answered: true };
}

type Decided<State, Shared> = Omit<BatchRun<State, Shared>, "written" | "answered">;

async function announced<State, Shared, Ports>(
  { intents }: BatchDeps<State, Shared, Ports>,
  { plan }: Decided<State, Shared>,
  commit: () => Promise<unknown>,
): Promise<void> {
  intents.expect(plan.intents);
  try {
    await commit();
  } catch (error) {
    intents.withdraw(plan.intents);
    throw error;
  }
}

function neededShared<State, Shared, Ports>(
  deps: BatchDeps<State, Shared, Ports>,
  loaded: Loaded<State, Shared>,
  prepared: Map<MessageItem, Prepared<State, Shared>>,
): string[] {
  if (!deps.messaging.shared) return [];
  const states = new Map(loaded.stored.map((each) => [each.key, each.state]));
  const keys = new Set<string>();
  for (const item of loaded.items) {
    if (item.kind === "command") for (const key of item.sharedKeys(states.get(item.key))) keys.add(key);
    if (item.kind === "outcome")
      for (const key of deps.handlers.calls.get(item.intent.kind)?.sharedKeys(states.get(item.key)) ?? [])
        keys.add(key);
    if (item.kind !== "message") continue;
    const handler = deps.handlers.messages.get(handlerName(item.envelope.topic, item.envelope.type));
    if (!handler) continue;
    try {
      const ready = handler.prepare(item.envelope.data);
      prepared.set(item, ready);
      for (const key of ready.sharedKeys(states.get(item.key))) keys.add(key);
    } catch {
      // Deciding it throws the same and parks it, which is where the error is reported.
    }
  }
  return [...keys].sort();
}

function decide<State, Shared, Ports>(
  deps: BatchDeps<State, Shared, Ports>,
  loaded: Loaded<State, Shared>,
  shared: Map<string, Shared>,
  prepared: ReadonlyMap<MessageItem, Prepared<State, Shared>>,
  verified: boolean,
): Decided<State, Shared> {
  const sharedBefore = new Map(shared);
  const plan = emptyPlan<State, Shared>(loaded.stored, shared);
  for (const working of loaded.rowless) plan.working.set(working.key, working);
  const now = deps.clock.now();
  const batch: BatchContext<State, Shared> = {
    producer: deps.messaging.module,
    now,
    ids: deps.ids,
    callsHere: deps.intents.madeHere,
    discarded: loaded.discarded,
    prepared,
    shared: plan.shared,
    invariants: deps.messaging.invariants,
    isMeasured: deps.messaging.measures !== undefined,
  };
  plan.afterCommit.push(...loaded.dropped);
  for (const item of lettersFirst(loaded.items)) decideItem(plan, item, deps.handlers, batch);
  for (const key of loaded.assumedAbsent)
    if (plan.working.get(key)?.state === undefined)
      throw new DatabaseError("conflict", "", `took ${key} to have no row, and nothing was created: look`);
  // A timer or an outcome that changed nothing writes nothing that a version could guard.
  for (const item of loaded.items)
    if ((item.kind === "timer" || item.kind === "outcome") && loaded.remembered.has(item.key))
      if (!plan.working.get(item.key)?.dirty)
        throw new DatabaseError("conflict", "", `${item.key} may not be as it is remembered: look`);
  // What threw may have been decided on a row that another replica has changed since.
  if (!verified && plan.deadLetters.length > 0)
    throw new DatabaseError("conflict", "", `${plan.deadLetters[0]?.key} may not be as it was taken to be: look`);
  const early = verified ? parkBehind(plan, loaded.parked) : plan.early;
  // It is parked only if the row is still what it was decided on: the version guard says so.
  for (const { key } of plan.deadLetters) {
    const working = plan.working.get(key);
    if (working?.state !== undefined) working.dirty = true;
  }
  collectMarks(plan);
  checkPlan(plan, loaded.stored, deps.messaging.aggregate, { ...deps.messaging.shared, before: sharedBefore });
  return { plan, items: loaded.items, early };
}

/** What came while its forerunners were dead letters follows them, also when they are let go in the same batch. */
function lettersFirst<State, Shared>(items: readonly Item<State, Shared>[]): readonly Item<State, Shared>[] {
  const isLetter = (item: Item<State, Shared>) => item.kind === "message" && item.letter !== undefined;
  if (!items.some(isLetter)) return items;
  return [...items.filter(isLetter), ...items.filter((item) => !isLetter(item))];
}

/** A message whose forerunner is a dead letter is parked behind it, in order; what remains waits for a number to come. */
function parkBehind<State, Shared>(plan: BatchPlan<State, Shared>, parkedBefore: ReadonlyMap<string, number>) {
  const last = new Map(parkedBefore);
  const parkedHere = new Set(plan.deadLetters.map(({ key, source, sequence }) => `${key} ${source} ${sequence}`));
  for (const letter of plan.deadLetters)
    if (letter.sequence > 0) {
      const name = `${letter.key} ${letter.source}`;
      last.set(name, Math.max(letter.sequence, last.get(name) ?? 0));
    }
  return plan.early.filter((item) => {
    const { envelope } = item;
    const name = `${envelope.key} ${envelope.topic}`;
    const parked = last.get(name);
    if (parked === undefined || envelope.sequence > parked + 1) return true;
    if (envelope.sequence === parked + 1) {
      if (!parkedHere.has(`${name} ${parked}`))
        plan.lettersAhead.push({ key: envelope.key, source: envelope.topic, sequence: parked });
      plan.deadLetters.push(deadLetterOf(envelope, "behind", "an earlier message of this key is parked"));
      parkedHere.add(`${name} ${envelope.sequence}`);
      last.set(name, envelope.sequence);
    }
    plan.afterCommit.push(() => item.settle("parked"));
    return false;
  });
}
