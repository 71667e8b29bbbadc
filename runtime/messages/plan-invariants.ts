/**
 * What must hold of a batch before it is written, however it was decided: marks never go back, what goes out follows
 * its counter without holes, and no request has its effect twice. A broken plan is not written: the batch is halved
 * until the culprit is alone, and that one is parked.
 */
import { invariant } from "../invariant.ts";
import type { Stored } from "./aggregate.ts";
import type { BatchPlan } from "./batch-plan.ts";

/** Throws where the plan contradicts itself, or what was `loaded`. */
export function checkPlan<State, Shared>(plan: BatchPlan<State, Shared>, loaded: readonly Stored<State>[]): void {
  const counters = new Map<string, Record<string, number>>();
  for (const { key, positions, version } of loaded) {
    const working = plan.working.get(key);
    invariant(working?.version === version, () => `${key} was loaded with version ${version}`);
    for (const topic in positions.in)
      invariant(
        (working.positions.in[topic] ?? 0) >= (positions.in[topic] ?? 0),
        () => `the mark of ${topic} of ${key} goes back from ${positions.in[topic]}`,
      );
    if (working.positions.out !== positions.out) counters.set(key, { ...positions.out });
  }
  for (const { envelope } of plan.outbox) {
    const { key, topic, sequence } = envelope;
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
