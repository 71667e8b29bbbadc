/**
 * What must hold of a batch before it is written, however it was decided: marks never go back, what goes out follows
 * its counter without holes, nothing changes that an update does not write, and no request has its effect twice. A broken
 * plan is not written: the batch is halved until the culprit is alone, and that one is parked.
 */
import { invariant } from "../invariant.ts";
import type { AggregateStore, SharedStore, Stored } from "./aggregate.ts";
import type { BatchPlan } from "./batch-plan.ts";

/** Shared rows as they were locked, and how they count their messages. */
export interface CountedRows<Shared> extends Partial<Pick<SharedStore<Shared>, "topics" | "lastTold">> {
  readonly before: ReadonlyMap<string, Shared>;
}

/** Throws where the plan contradicts itself, or what was `loaded` or locked. */
export function checkPlan<State, Shared>(
  plan: BatchPlan<State, Shared>,
  loaded: readonly Stored<State>[],
  aggregate: Pick<AggregateStore<State>, "frozenChange">,
  shared: CountedRows<Shared>,
): void {
  const counters = new Map<string, Record<string, number>>();
  for (const { key, state, positions, version } of loaded) {
    const working = plan.working.get(key);
    invariant(working?.version === version, () => `${key} was loaded with version ${version}`);
    const lost = working.state && aggregate.frozenChange(state, working.state);
    invariant(lost === undefined, () => `${lost} of ${key} changes, and no update writes it`);
    for (const topic in positions.in)
      invariant(
        (working.positions.in[topic] ?? 0) >= (positions.in[topic] ?? 0),
        () => `the mark of ${topic} of ${key} goes back from ${positions.in[topic]}`,
      );
    if (working.positions.out !== positions.out) counters.set(key, { ...positions.out });
  }
  checkSharedCounters(plan, shared);
  for (const row of plan.outbox) {
    const { key, topic, sequence } = row.envelope;
    if (plan.countedByShared.has(row)) continue;
    let counter = counters.get(key);
    if (!counter) {
      counter = {};
      counters.set(key, counter);
    }
    const next = (counter[topic] ?? 0) + 1;
    invariant(sequence === next, () => `${topic} of ${key} goes on with ${sequence} instead of ${next}`);
    counter[topic] = sequence;
  }
  for (const [key, counter] of counters) {
    const out = plan.working.get(key)?.positions.out;
    for (const topic in counter)
      invariant(
        out?.[topic] === counter[topic],
        () => `${topic} of ${key} ends with ${counter[topic]}, its counter with ${out?.[topic]}`,
      );
  }
  const scopes = new Set(plan.idempotency.map(({ scope }) => scope));
  invariant(scopes.size === plan.idempotency.length, () => "a request would have its effect twice in one batch");
}

/** What shared rows tell follows their own counters, as those of aggregates do. */
function checkSharedCounters<State, Shared>(
  plan: BatchPlan<State, Shared>,
  { topics = [], lastTold, before }: CountedRows<Shared>,
): void {
  if (lastTold === undefined) return;
  const counted = (row: Shared | undefined, topic: string) => (row === undefined ? 0 : lastTold(row, topic));
  const told = new Map<string, number>();
  for (const { envelope } of plan.countedByShared) {
    const { key, topic, sequence } = envelope;
    const last = told.get(`${topic} ${key}`) ?? counted(before.get(key), topic);
    invariant(sequence === last + 1, () => `${topic} of ${key} goes on with ${sequence} after ${last}`);
    told.set(`${topic} ${key}`, sequence);
  }
  for (const key of plan.changedShared)
    for (const topic of topics) {
      const last = told.get(`${topic} ${key}`) ?? counted(before.get(key), topic);
      const now = counted(plan.shared.get(key), topic);
      invariant(now === last, () => `${topic} of ${key} ends with ${last}, its counter with ${now}`);
    }
}
