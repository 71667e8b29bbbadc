/**
 * A lane: the connection of one loop.
 *
 * Statements are pipelined in the order they were given. A transaction occupies the lane from `begin` until its
 * COMMIT or ROLLBACK has been sent; a statement in between would silently join it, so it is refused as a bug.
 * COMMIT of a failed transaction "succeeds" as ROLLBACK, so both answers are read. After an error the transaction is
 * rolled back, or the connection dropped where that cannot be known; the next statement opens a new connection.
 * Nothing is sent twice: retrying is the caller's, who alone knows what is safe to repeat.
 */
import { unavailable } from "./errors.ts";
import type { Link } from "./link.ts";
import { DatabaseError, type Lane, type OpenTransaction, type Row, type Statement } from "./port.ts";

const BEGIN: Statement = { text: "begin", params: [] };
const COMMIT: Statement = { text: "commit", params: [] };
const ROLLBACK: Statement = { text: "rollback", params: [] };
/** SQLSTATE transaction_rollback. */
const ROLLED_BACK = "40000";

/** A lane over links that `open` makes. */
export function createLane(name: string, open: () => Link): Lane {
  let link: Link | null = null;
  let occupied: object | null = null;
  let closed = false;

  const use = (): Link => {
    if (closed) throw unavailable(`the database connection "${name}" is closed`);
    if (occupied !== null) {
      throw new DatabaseError("rejected", "25001", `a transaction is open on the database connection "${name}"`);
    }
    if (link === null || link.fault !== null) link = open();
    return link;
  };

  /** Ends the transaction on the server, or the connection with it. */
  const rollBack = async (owner: Link) => {
    occupied = null;
    try {
      await owner.send(ROLLBACK);
    } catch (error) {
      owner.drop(unavailable("the transaction could not be rolled back", error));
    }
  };

  return {
    async run(statement) {
      return (await use().send(statement)).rows;
    },
    async begin(statement) {
      const owner = use();
      const token = {};
      occupied = token;
      const [begun, first] = await Promise.allSettled([owner.send(BEGIN), owner.send(statement)]);
      const failed = [begun, first].find((result) => result.status === "rejected");
      if (failed !== undefined || first.status === "rejected") {
        await rollBack(owner);
        throw failed?.reason;
      }
      return openTransaction(owner, first.value.rows, {
        isOpen: () => occupied === token && !closed,
        release: () => {
          occupied = null;
        },
        rollBack: () => rollBack(owner),
      });
    },
    async close() {
      closed = true;
      occupied = null;
      link?.close();
    },
  };
}

interface Hold {
  isOpen(): boolean;
  release(): void;
  rollBack(): Promise<void>;
}

function openTransaction(owner: Link, rows: Row[], hold: Hold): OpenTransaction {
  return {
    rows,
    async commit(statement) {
      if (!hold.isOpen()) throw unavailable("the transaction has already ended");
      const sent = [owner.send(statement), owner.send(COMMIT)] as const;
      hold.release();
      const [last, committed] = await Promise.allSettled(sent);
      if (committed.status === "rejected") {
        if (last.status === "rejected") throw last.reason;
        throw committed.reason;
      }
      if (last.status === "rejected") {
        if (committed.value.command === "ROLLBACK") throw last.reason;
        throw unavailable("the transaction was committed, but its answer could not be read", last.reason);
      }
      if (committed.value.command !== "COMMIT") {
        throw new DatabaseError("unavailable", ROLLED_BACK, "the server rolled the transaction back at COMMIT");
      }
      return last.value.rows;
    },
    async rollback() {
      if (hold.isOpen()) await hold.rollBack();
    },
  };
}
