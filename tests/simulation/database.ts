/**
 * The database port over a real server with every round trip in the seed's hands.
 *
 * The product's own lanes and pool run unchanged; what is replaced is the link below them. All that is pending on a
 * link goes to the server as one operation of the loop, as one pipelined round trip. Faults: the node dies before or
 * after it, the connection is lost before it, the answer is lost after it, or it is executed later although the caller
 * was told that the connection is gone. A dead client's open transaction keeps its locks for a while, perhaps for longer
 * than its node's lease and restart; the server's own limits (lock, idle in transaction) end it at the latest. None of
 * that happens to sessions of actors that cannot die.
 */
import { unavailable } from "../../runtime/database/errors.ts";
import { createLane } from "../../runtime/database/lane.ts";
import type { Answer, Link } from "../../runtime/database/link.ts";
import { createPool } from "../../runtime/database/pool.ts";
import {
  classifySqlState,
  type Database,
  DatabaseError,
  type Lane,
  type Statement,
} from "../../runtime/database/port.ts";
import type { Backend, Backends, Outcome } from "./backends.ts";
import type { Faults } from "./faults.ts";
import type { Actor, Loop } from "./loop.ts";
import { idsIn } from "./story.ts";
import type { Trace } from "./trace.ts";
import type { LockCounts, Waiter, Waiting } from "./waiting.ts";

interface Pending {
  readonly statement: Statement;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: DatabaseError) => void;
}

/** One connection as the product sees it. */
interface Session {
  readonly owner: Actor;
  readonly module: string;
  readonly name: string;
  /** An operator's: no limit on its waits and on its open transactions. */
  readonly patient: boolean;
  readonly pending: Pending[];
  backend: Backend | undefined;
  /** A round trip is on its way. */
  submitted: boolean;
  inTransaction: boolean;
  waiter: Waiter | undefined;
  /** The client is gone, whether or not the server knows. */
  fault: DatabaseError | null;
  /** When it went, its transaction still open. */
  abandonedMs: number;
  stopIdleTimer: () => void;
}

export interface SimulatedServer {
  databaseOf(owner: Actor, module: string): Database;
  /** A connection of an operator, outside of the product's limits. */
  operatorLink(owner: Actor, module: string): Link;
  /** Rolls everything back and frees every connection, at the end of a seed. */
  clear(): Promise<void>;
}

export interface SimulatedServerOptions {
  readonly backends: Backends;
  readonly waiting: Waiting;
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  /** The actor of what the server does by itself. */
  readonly server: Actor;
  readonly idleInTransactionMs: number;
  /** How long a statement waits for a connection of a pool. */
  readonly poolWaitMs: number;
  readonly counts: LockCounts;
  /** Called for SQLSTATE class 42: a statement that can never work. */
  readonly onBrokenStatement: (error: DatabaseError, statement: Statement) => void;
  /** Called for each statement that the server has answered, whether or not its client lives to hear it. */
  readonly onAnswered: (owner: Actor, module: string, statement: Statement, outcome: Outcome) => void;
  /** Called when a dead client's transaction ends, so long after its death. */
  readonly onLateRollback: (owner: Actor, lingeredMs: number) => void;
}

const POOL = { size: 4, queueLimit: 256 };
const STORY_WIDTH = 110;
const noop = () => undefined;

export function createSimulatedServer(options: SimulatedServerOptions): SimulatedServer {
  const { backends, waiting, loop, faults, trace, server, idleInTransactionMs, poolWaitMs, counts } = options;
  const sessions = new Set<Session>();

  const nameOf = ({ owner, module, name }: Session) => `${owner.name} ${module}/${name}`;
  const tell = (session: Session, batch: readonly Pending[], text: string) =>
    trace.tell(() => ({
      about: idsIn(batch.map(({ statement }) => statement)),
      text: `${session.owner.name} (${session.module}): ${text}`,
    }));

  const describe = (session: Session, statements: readonly Statement[]) =>
    `${session.module}/${session.name} ${statements
      .map(({ text, params }) => `${text.replace(/\s+/g, " ").slice(0, STORY_WIDTH)} #${trace.shorten([text, params])}`)
      .join("; ")}`;

  function describeOutcome(outcome: Outcome, statement: Statement | undefined): string {
    if (outcome.status === "fulfilled") {
      return `${outcome.value.command} ${outcome.value.rows.length} #${trace.shorten(outcome.value.rows)}`;
    }
    const error: unknown = outcome.reason;
    if (!(error instanceof DatabaseError)) return String(error);
    if (error.sqlState.startsWith("42") && statement !== undefined) options.onBrokenStatement(error, statement);
    return `error ${error.sqlState} ${error.message}`;
  }

  /** What was sent has been answered: keeps the books, and gives back what tells the client. */
  async function conclude(
    session: Session,
    batch: readonly Pending[],
    cancelledAs: string | null,
    answerLost: boolean,
  ) {
    const { backend } = session;
    const outcomes = (backend?.sent.outcomes ?? []).map((outcome) => asCancelled(outcome, cancelledAs));
    session.waiter = undefined;
    for (const [index, outcome] of outcomes.entries()) {
      trace.line(`  → ${describeOutcome(outcome, batch[index]?.statement)}`);
      const statement = batch[index]?.statement;
      if (statement !== undefined) options.onAnswered(session.owner, session.module, statement, outcome);
      if (outcome.status !== "fulfilled") continue;
      if (outcome.value.command === "BEGIN") session.inTransaction = true;
      if (outcome.value.command === "COMMIT" || outcome.value.command === "ROLLBACK") session.inTransaction = false;
    }
    await waiting.look();
    if (session.fault !== null || !session.owner.alive) {
      abandon(session);
      return noop;
    }
    session.submitted = false;
    if (session.inTransaction) watchIdle(session);
    else giveBack(session);
    return () => {
      if (answerLost) {
        trace.line("  answer lost");
        tell(session, batch, "the answer to that is lost");
        lose(session, batch, unavailable("the connection to the database was lost after the statement was sent"));
        return;
      }
      for (const [index, pending] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome?.status === "fulfilled") pending.resolve(outcome.value);
        else pending.reject(outcome?.reason ?? unavailable("no answer"));
      }
      if (session.pending.length > 0) submit(session);
    };
  }

  /** One pipelined round trip. */
  async function roundTrip(session: Session, batch: readonly Pending[], answerLost: boolean): Promise<() => void> {
    const backend = session.backend ?? (await backends.take(session.module));
    session.backend = backend;
    const statements = batch.map((pending) => pending.statement);
    if ((await backends.start(backend, statements)) === "returned") return conclude(session, batch, null, answerLost);
    trace.line("  → waits for a lock");
    tell(session, batch, "waits for a lock");
    session.waiter = {
      backend,
      owner: session.owner,
      label: nameOf(session),
      patient: session.patient,
      ended: (cancelledAs) => conclude(session, batch, cancelledAs, answerLost),
    };
    await waiting.add(session.waiter);
    return noop;
  }

  function submit(session: Session, mayBeSlow = true) {
    if (session.submitted || session.fault !== null) return;
    session.submitted = true;
    loop.submit({
      actor: session.owner,
      get label() {
        return describe(
          session,
          session.pending.map((pending) => pending.statement),
        );
      },
      // Also where a transaction begins: a crash after that leaves its locks behind.
      commits: true,
      async perform() {
        session.stopIdleTimer();
        const name = `${session.module} ${session.pending[0]?.statement.text}`;
        if (mayBeSlow && session.owner.mortal && faults.happens("statementSlow", name)) return () => stall(session);
        const batch = session.pending.splice(0);
        if (batch.length === 0) return noop;
        if (!session.owner.mortal) return roundTrip(session, batch, false);
        if (faults.happens("connectionLost", name)) {
          trace.line("  connection lost before it was sent");
          tell(session, batch, "loses its connection before the statement is sent");
          return () => lose(session, batch, unavailable("the connection to the database was lost"));
        }
        if (faults.happens("executedLate", name)) {
          trace.line("  connection lost, executed later");
          tell(session, batch, "loses its connection; the statement is on its way and will be executed later");
          return () => executeLater(session, batch);
        }
        return roundTrip(session, batch, faults.happens("answerLost", name));
      },
    });
  }

  /** The way to the server is slow for what is pending here, and for nobody else. */
  function stall(session: Session) {
    const forMs = faults.durationMs(faults.profile.statementSlowMs);
    trace.line(`  slow: sent in ${forMs} ms`);
    tell(session, session.pending, `the statement takes ${forMs} ms to the server`);
    loop.after(session.owner, forMs, () => {
      session.submitted = false;
      submit(session, false);
    });
  }

  /** The client's side of a lost connection; the server notices by and by. */
  function lose(session: Session, batch: readonly Pending[], reason: DatabaseError) {
    // The server may have ended the session before its client, which was frozen, could hear the answer.
    for (const pending of batch) pending.reject(session.fault ?? reason);
    if (session.fault !== null) return;
    session.fault = reason;
    for (const pending of session.pending.splice(0)) pending.reject(reason);
    abandon(session);
  }

  function executeLater(session: Session, batch: readonly Pending[]) {
    const ghost: Session = { ...session, pending: [], submitted: true, fault: unavailable("the client is gone") };
    sessions.add(ghost);
    session.backend = undefined;
    session.inTransaction = false;
    lose(session, batch, unavailable("the connection to the database was lost after the statement was sent"));
    loop.after(server, faults.durationMs(faults.profile.delayMs), () => {
      const label = `late: ${describe(
        ghost,
        batch.map((pending) => pending.statement),
      )}`;
      loop.submit({ actor: server, label, commits: true, perform: () => roundTrip(ghost, batch, true) });
    });
  }

  /** Nobody uses this connection any more: ends what is open on it, some time later, and frees it. */
  function abandon(session: Session) {
    session.stopIdleTimer();
    const { waiter } = session;
    if (waiter === undefined && !session.inTransaction) return release(session);
    session.abandonedMs = Math.min(session.abandonedMs, loop.now());
    const lingerMs = faults.durationMs(faults.profile.lingerMs);
    if (waiter !== undefined) {
      loop.after(server, lingerMs, () => waiting.end(waiter));
      return;
    }
    if (lingerMs > idleInTransactionMs) return watchIdle(session);
    loop.after(server, lingerMs, () => submitRollback(session, "PostgreSQL notices that its client is gone"));
  }

  function submitRollback(session: Session, why: string) {
    loop.submit({
      actor: server,
      label: `${nameOf(session)}: ${why}`,
      commits: false,
      async perform() {
        const lingeredMs = loop.now() - session.abandonedMs;
        if (!session.owner.alive && lingeredMs > 0) options.onLateRollback(session.owner, lingeredMs);
        tell(session, [], `${why} and rolls its open transaction back`);
        if (session.backend !== undefined) await backends.rollBack(session.backend);
        session.inTransaction = false;
        release(session);
        await waiting.look();
        return noop;
      },
    });
  }

  function release(session: Session) {
    sessions.delete(session);
    giveBack(session);
  }

  /** Between transactions all sessions of a module share few server processes: whatever those have prepared stays warm. */
  function giveBack(session: Session) {
    if (session.backend !== undefined) backends.give(session.backend);
    session.backend = undefined;
  }

  /** The server ends a session that leaves its transaction open without a word. */
  function watchIdle(session: Session) {
    if (session.patient) return;
    session.stopIdleTimer = loop.after(server, idleInTransactionMs, () => {
      counts.idleEnds += 1;
      session.fault ??= unavailable("the server ended the session: idle in transaction");
      for (const pending of session.pending.splice(0)) pending.reject(session.fault);
      submitRollback(session, "PostgreSQL ends its session, idle in transaction");
    });
  }

  function openLink(owner: Actor, module: string, name: string, patient = false): Link {
    const session: Session = {
      owner,
      module,
      name,
      patient,
      pending: [],
      stopIdleTimer: noop,
      backend: undefined,
      submitted: false,
      inTransaction: false,
      waiter: undefined,
      fault: null,
      abandonedMs: Number.POSITIVE_INFINITY,
    };
    sessions.add(session);
    owner.onDeath.push(() => {
      if (!sessions.has(session) || session.fault !== null) return;
      session.fault = unavailable("the client is dead");
      abandon(session);
    });
    return {
      get fault() {
        return session.fault;
      },
      send: (statement) =>
        new Promise((resolve, reject) => {
          if (session.fault !== null) return reject(session.fault);
          session.pending.push({ statement, resolve, reject });
          submit(session);
        }),
      drop: (reason) => lose(session, [], reason),
      close: () => lose(session, [], unavailable("the connection to the database was closed")),
    };
  }

  return {
    operatorLink: (owner, module) => openLink(owner, module, "operator", true),
    databaseOf(owner, module) {
      const lanes: Lane[] = [];
      const scheduler = loop.schedulerOf(owner);
      const pool = createPool({ ...POOL, waitMs: poolWaitMs, open: () => openLink(owner, module, "pool"), scheduler });
      return {
        lane(name) {
          const lane = createLane(name, () => openLink(owner, module, name));
          lanes.push(lane);
          return lane;
        },
        query: (statement) => pool.query(statement),
        async close() {
          await Promise.all([pool.close(0), ...lanes.map((lane) => lane.close())]);
        },
      };
    },
    async clear() {
      await waiting.clear();
      for (const session of [...sessions]) {
        if (session.backend !== undefined) await backends.rollBack(session.backend);
        release(session);
      }
    },
  };
}

/** A statement that the simulation cancelled shows the error that PostgreSQL would have given. */
function asCancelled(outcome: Outcome, sqlState: string | null): Outcome {
  if (sqlState === null || outcome.status === "fulfilled") return outcome;
  const error: unknown = outcome.reason;
  if (!(error instanceof DatabaseError) || error.sqlState !== "57014") return outcome;
  const reason = new DatabaseError(classifySqlState(sqlState), sqlState, "ended while waiting for a lock");
  return { status: "rejected", reason };
}
