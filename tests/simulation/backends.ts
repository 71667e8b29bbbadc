/**
 * Connections to the real server, one statement at a time over all of them.
 *
 * What was sent either returns or waits for a lock; which of the two is asked of the server (`pg_blocking_pids`), never
 * guessed from elapsed time. The process of a waiting backend is stopped (SIGSTOP), so that a lock it is granted later
 * wakes nobody: several waiters freed by one commit would race. The seed chooses who goes on (SIGCONT).
 */
import { readFileSync } from "node:fs";
import type { Answer, Link } from "../../runtime/database/link.ts";
import type { Statement } from "../../runtime/database/port.ts";

export type Outcome = PromiseSettledResult<Answer>;

export interface Sent {
  readonly ended: Promise<void>;
  /** How many of the statements have been answered. */
  answered: number;
  outcomes: readonly Outcome[] | undefined;
}

export interface Backend {
  readonly module: string;
  readonly pid: number;
  readonly link: Link;
  /** What was sent last; `outcomes` once all of it has been answered. */
  sent: Sent;
  stopped: boolean;
}

export type Progress = "returned" | "waits";

export interface Backends {
  /** A connection of this module with no transaction open. */
  take(module: string): Promise<Backend>;
  /** Gives back a connection that has no transaction open. */
  give(backend: Backend): void;
  /** Sends the statements in one go. */
  start(backend: Backend, statements: readonly Statement[]): Promise<Progress>;
  /** Lets a waiting backend that has got its lock go on. */
  resume(backend: Backend): Promise<Progress>;
  /** Ends a waiting statement with an error (57014); what was sent after it goes on, and may wait in its turn. */
  cancel(backend: Backend): Promise<Progress>;
  /** Ends whatever transaction is open. */
  rollBack(backend: Backend): Promise<void>;
  /** For each backend's process id, whom it waits for; nobody when it may go on. */
  blockers(backends: readonly Backend[]): Promise<ReadonlyMap<number, readonly number[]>>;
  close(): void;
}

/** Only how long to look away before asking the server whether a statement waits: it decides nothing. */
const LOOK_AWAY_MS = { least: 1, most: 20 };
/** Only how long to let a stopping process run before looking again. */
const STOPPING_MS = 0.1;
const MAX_POLLS = 100_000;

function waitUntilStopped(pid: number) {
  if (process.platform !== "linux") return;
  for (let tries = 0; tries < 100_000; tries++) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    if (stat.charAt(stat.lastIndexOf(")") + 2) === "T") return;
    // It shares this core, and must run to see its signal.
    Bun.sleepSync(STOPPING_MS);
  }
  throw new Error(`process ${pid} did not stop`);
}

function within(ended: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void ended.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Backends over links that `connect` opens; `monitor` is a superuser's link that nobody else uses. */
export function createBackends(monitor: Link, connect: (module: string) => Link): Backends {
  const free = new Map<string, Backend[]>();
  const all = new Set<Backend>();
  /** What statements take, lately: on a busy machine one that is slow waits for the processor, and not for a lock. */
  let usualMs = 0;

  const lookAwayMs = () => Math.min(LOOK_AWAY_MS.most, Math.max(LOOK_AWAY_MS.least, 2 * usualMs));

  async function open(module: string): Promise<Backend> {
    const link = connect(module);
    const { rows } = await link.send({ text: "select pg_backend_pid() as pid", params: [] });
    const backend = { module, pid: Number(rows[0]?.["pid"]), link, stopped: false };
    const opened: Backend = { ...backend, sent: { ended: Promise.resolve(), answered: 0, outcomes: [] } };
    all.add(opened);
    return opened;
  }

  function go(backend: Backend) {
    if (!backend.stopped) return;
    process.kill(backend.pid, "SIGCONT");
    backend.stopped = false;
  }

  async function blockers(backends: readonly Backend[]) {
    const { rows } = await monitor.send({
      text: "select pid, pg_blocking_pids(pid) as blockers from unnest($1::int[]) as pid",
      params: [`{${backends.map((backend) => backend.pid).join(",")}}`],
    });
    const waitsFor = new Map<number, readonly number[]>();
    for (const row of rows) {
      const pids = row["blockers"];
      waitsFor.set(Number(row["pid"]), Array.isArray(pids) ? pids.map(Number) : []);
    }
    return waitsFor;
  }

  /** Until all that was sent has returned or the server says that it waits for a lock. */
  async function watch(backend: Backend): Promise<Progress> {
    const { sent } = backend;
    const sinceMs = performance.now();
    for (let polls = 0; polls < MAX_POLLS; polls++) {
      await within(sent.ended, lookAwayMs());
      if (sent.outcomes !== undefined) {
        usualMs += (performance.now() - sinceMs - usualMs) / 16;
        return "returned";
      }
      const waitsFor = (await blockers([backend])).get(backend.pid) ?? [];
      if (sent.outcomes === undefined && waitsFor.length > 0) {
        process.kill(backend.pid, "SIGSTOP");
        waitUntilStopped(backend.pid);
        backend.stopped = true;
        return "waits";
      }
    }
    throw new Error(`a statement neither returned nor waits for a lock (server process ${backend.pid})`);
  }

  return {
    blockers,
    take: async (module) => free.get(module)?.pop() ?? open(module),
    give(backend) {
      if (backend.link.fault !== null) {
        all.delete(backend);
        return;
      }
      const list = free.get(backend.module);
      if (list === undefined) free.set(backend.module, [backend]);
      else list.push(backend);
    },
    start(backend, statements) {
      const one = () => {
        sent.answered += 1;
      };
      const answers = statements.map((statement) => {
        const answer = backend.link.send(statement);
        answer.then(one, one);
        return answer;
      });
      const sent: Sent = {
        answered: 0,
        outcomes: undefined,
        ended: Promise.allSettled(answers).then((outcomes) => {
          sent.outcomes = outcomes;
        }),
      };
      backend.sent = sent;
      return watch(backend);
    },
    resume(backend) {
      go(backend);
      return watch(backend);
    },
    async cancel(backend) {
      const { sent } = backend;
      const before = sent.answered;
      await monitor.send({ text: "select pg_cancel_backend($1::int)", params: [backend.pid] });
      go(backend);
      while (sent.answered === before) await within(sent.ended, lookAwayMs());
      return watch(backend);
    },
    async rollBack(backend) {
      if (backend.link.fault === null) await backend.link.send({ text: "rollback", params: [] });
    },
    close() {
      for (const backend of all) {
        go(backend);
        backend.link.close();
      }
    },
  };
}
