/**
 * The outside world of a node (payment provider, mail server) with the faults that its port allows. The simulators of
 * the platform keep their books in a database of their own, so the way there is what fails: a request is refused
 * before it arrives (known to have done nothing, or not), travels for a long time and arrives after the caller has
 * given up, or is done and its answer lost.
 */
import type { Database, Row } from "../../runtime/database/port.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import { NothingHappened } from "../../runtime/messages/call.ts";
import type { Random } from "../../runtime/random.ts";
import type { Scheduler } from "../../runtime/scheduler.ts";
import type { Faults } from "./faults.ts";
import { chance } from "./seed.ts";
import type { Trace } from "./trace.ts";

export interface OutsideOptions {
  readonly name: string;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

const lost = (text: string) => new DatabaseError("unavailable", "08006", text);

/** The books of an outside system, behind a way that fails. */
export function outside(database: Database, options: OutsideOptions): Database {
  const { name, faults, trace, scheduler, random } = options;

  async function request(work: () => Promise<Row[]>): Promise<Row[]> {
    if (faults.happens("externalNotDone")) {
      trace.line(`  ${name}: not done`);
      throw chance(random, 0.5) ? new NothingHappened(`${name} refused the connection`) : lost(`${name} is not there`);
    }
    if (faults.happens("externalSlow")) {
      trace.line(`  ${name}: slow`);
      await scheduler.sleep(faults.durationMs(faults.profile.externalSlowMs));
    }
    const rows = await work();
    if (!faults.happens("externalAnswerLost")) return rows;
    trace.line(`  ${name}: answer lost`);
    throw lost(`${name} gave no answer`);
  }

  return {
    lane(lane) {
      const inner = database.lane(lane);
      return { ...inner, run: (statement) => request(() => inner.run(statement)) };
    },
    query: (statement) => request(() => database.query(statement)),
    close: () => database.close(),
  };
}
