/**
 * Somebody who lets the product check its own books (`reconcile`), through a living replica. While everything fails he
 * does it in some seeds, and there a replica may fail him; what it does report must be so. When everything has ended it
 * must answer, and say what the simulation's own invariants say.
 */
import type { Reconciliation } from "../../runtime/edge/reconcile/reconcile.ts";
import type { PlatformNode } from "./platform-node.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { World } from "./workload.ts";

export interface Auditor {
  /** Plans the looks that he takes while everything fails. */
  begin(): void;
  lastWord(): Promise<void>;
}

const LOOKS_IN = 0.2;
const LOOKS_WITHIN_MS = 15_000;
const TRIES_IN_SAFETY = 3;
const MOST_TRIES = 20;
const RETRY_MS = 500;

/** What an order without one of its messages may contradict: what its modules have agreed on, never what each has done. */
const OF_A_DISCARD = new Set(["orders", "money", "stock", "once"]);

/** `discarded`: orders of which an operator has discarded something. */
export function createAuditor(
  { call, listening, random, scheduler, faults, trace, violation }: World<PlatformNode>,
  discarded: ReadonlySet<string>,
): Auditor {
  const draws = random("auditor");

  async function look(label: string): Promise<Reconciliation> {
    const answer = await call(label, oneOf(draws, listening()), (api) => api.reconcile());
    const { violations, checked } = answer;
    trace.line(`  ${label}: ${JSON.stringify({ violations, checked })}`);
    for (const { invariant, subject, detail } of violations)
      if (!OF_A_DISCARD.has(invariant) || !discarded.has(subject.replace("order ", "")))
        violation(`reconcile (${label}) says of ${subject} (${invariant}): ${detail}`);
    return answer;
  }

  return {
    begin() {
      const isCurious = chance(draws, LOOKS_IN);
      const afterMs = between(draws, 0, LOOKS_WITHIN_MS);
      if (!isCurious) return;
      void scheduler.sleep(afterMs).then(async () => {
        if (!faults.active) return;
        for (let tries = 0; tries < TRIES_IN_SAFETY; tries++)
          try {
            await look("while everything fails");
            faults.count("auditAnswered");
            return;
          } catch (error) {
            trace.line(`  reconcile gave no answer: ${String(error)}`);
            faults.count("auditUnanswered");
          }
      });
    },
    async lastWord() {
      let why = "";
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        try {
          await look("at the end");
          return;
        } catch (error) {
          why = String(error);
          trace.line(`  reconcile gave no answer: ${why}`);
          await scheduler.sleep(RETRY_MS);
        }
      }
      throw new Error(`reconcile gave no answer though nothing fails: ${why}`);
    },
  };
}
