/**
 * Somebody who looks in from outside with a shell of his own: takes locks on a module's rows and tables one after the
 * other, in any order, holds them for a while, and commits or rolls back. Nothing limits his waits, so the product's
 * statements meet waits, deadlocks (40P01) and lock timeouts (55P03). He changes no data.
 */
import type { Link } from "../../runtime/database/link.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import type { Random } from "../../runtime/random.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Faults } from "./faults.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { Trace } from "./trace.ts";
import type { OperatorLocks } from "./workload.ts";

export interface OperatorOptions {
  readonly faults: Faults;
  readonly trace: Trace;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly open: (module: string) => Link;
  readonly locks: (random: Random) => OperatorLocks;
}

const BEGIN_WITHIN_MS = 10_000;
const HOLDS_MS = [100, 2000, 8000] as const;
const LONGEST_STEP_MS = 2000;

export interface Operator {
  begin(): void;
  /** Whether he may be holding, or waiting for, a lock that even readers wait for. */
  isBusy(): boolean;
}

export function createOperator({ faults, trace, random, scheduler, open, locks }: OperatorOptions): Operator {
  let sessions = 0;

  async function session(afterMs: number) {
    await scheduler.sleep(afterMs);
    if (!faults.active) return;
    faults.count("operatorSession");
    sessions += 1;
    const { module, statements } = locks(random);
    const link = open(module);
    const send = (text: string) => {
      trace.tell(() => ({ about: [], text: `an operator runs: ${text}` }));
      return link.send({ text, params: [] });
    };
    try {
      await send("begin");
      for (const statement of statements) {
        await send(statement);
        await scheduler.sleep(faults.durationMs(LONGEST_STEP_MS));
      }
      await scheduler.sleep(faults.durationMs(oneOf(random, HOLDS_MS)));
      await send(chance(random, 0.5) ? "commit" : "rollback");
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (link.fault === null) await send("rollback");
    }
    link.close();
    sessions -= 1;
  }

  return {
    begin() {
      for (let count = 0; count < faults.profile.operatorSessions; count++)
        void session(between(random, 0, BEGIN_WITHIN_MS));
    },
    isBusy: () => sessions > 0,
  };
}
