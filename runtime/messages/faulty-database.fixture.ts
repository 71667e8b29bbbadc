/** A database port over a real one that fails on demand, the way a network does. */
import { type Database, DatabaseError, type Lane, type Row, type Statement } from "../database/port.ts";

export interface Faults {
  /** Every statement is refused before it is sent. */
  down: boolean;
  /** `query` (upkeep) is refused; lanes go on. */
  upkeepDown: boolean;
  /** So many of the next writes are committed, and their answer is lost. */
  loseAnswers: number;
  /** The process is dead: nothing is sent and nothing comes back. */
  dead: boolean;
  /** Called with each statement before it is sent, which waits for what it returns. */
  seen: (statement: Statement) => void | Promise<void>;
}

export function faultyDatabase(real: Database): { readonly database: Database; readonly faults: Faults } {
  const faults: Faults = { down: false, upkeepDown: false, loseAnswers: 0, dead: false, seen: () => undefined };
  const never = new Promise<never>(() => undefined);
  const lost = () => new DatabaseError("unavailable", "", "planted: the answer was lost");

  async function send<T>(statement: Statement, work: () => Promise<T>, upkeep: boolean): Promise<T> {
    if (faults.dead) return never;
    await faults.seen(statement);
    if (faults.dead) return never;
    if (faults.down || (upkeep && faults.upkeepDown)) throw new DatabaseError("unavailable", "", "planted: down");
    const answer = await work();
    if (faults.dead) return never;
    if (!upkeep && statement.text.startsWith("with w0") && faults.loseAnswers > 0) {
      faults.loseAnswers--;
      throw lost();
    }
    return answer;
  }

  function wrap(lane: Lane): Lane {
    return {
      run: (statement) => send<Row[]>(statement, () => lane.run(statement), false),
      async begin(statement) {
        const transaction = await send(statement, () => lane.begin(statement), false);
        return {
          rows: transaction.rows,
          commit: (last) => send<Row[]>(last, () => transaction.commit(last), false),
          rollback: () => transaction.rollback(),
        };
      },
      close: () => lane.close(),
    };
  }

  return {
    faults,
    database: {
      lane: (name) => wrap(real.lane(name)),
      query: (statement) => send<Row[]>(statement, () => real.query(statement), true),
      close: () => real.close(),
    },
  };
}
