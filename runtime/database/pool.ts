/**
 * A bounded pool for cold reads and upkeep: at most `size` connections, one statement each at a time, first come first
 * served. A full queue or a wait past the deadline rejects as `unavailable`, so load is shed instead of piled up.
 */
import type { Scheduler } from "../scheduler.ts";
import { unavailable } from "./errors.ts";
import type { Link } from "./link.ts";
import type { PoolUse, Row, Statement } from "./port.ts";

export interface PoolSettings {
  readonly open: () => Link;
  readonly size: number;
  /** Most statements that may wait for a connection. */
  readonly queueLimit: number;
  /** Longest wait for a connection. */
  readonly waitMs: number;
  readonly scheduler: Scheduler;
}

export interface Pool {
  query(statement: Statement): Promise<Row[]>;
  use(): PoolUse;
  /** Waits at most `graceMs` for statements under way, then drops their connections. */
  close(graceMs: number): Promise<void>;
}

interface Waiter {
  readonly statement: Statement;
  readonly resolve: (rows: Row[]) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelDeadline: () => void;
}

/** A pool over links that `open` makes. */
export function createPool({ open, size, queueLimit, waitMs, scheduler }: PoolSettings): Pool {
  const idle: Link[] = [];
  const busy = new Set<Link>();
  const waiters = new Set<Waiter>();
  let closed = false;
  let onQuiet: (() => void) | null = null;

  const takeLink = (): Link | null => {
    for (let link = idle.pop(); link !== undefined; link = idle.pop()) if (link.fault === null) return link;
    return busy.size < size ? open() : null;
  };

  const runOn = async (link: Link, statement: Statement): Promise<Row[]> => {
    busy.add(link);
    try {
      return (await link.send(statement)).rows;
    } finally {
      busy.delete(link);
      if (link.fault === null) idle.push(link);
      serveNext();
      if (busy.size === 0) onQuiet?.();
    }
  };

  const serveNext = () => {
    for (const waiter of waiters) {
      const link = takeLink();
      if (link === null) return;
      waiters.delete(waiter);
      waiter.cancelDeadline();
      runOn(link, waiter.statement).then(waiter.resolve, waiter.reject);
    }
  };

  const enqueue = (statement: Statement) =>
    new Promise<Row[]>((resolve, reject) => {
      const cancelDeadline = scheduler.after(waitMs, () => {
        waiters.delete(waiter);
        reject(unavailable(`no database connection became free within ${waitMs} ms (all ${size} are in use)`));
      });
      const waiter: Waiter = { statement, resolve, reject, cancelDeadline };
      waiters.add(waiter);
    });

  return {
    async query(statement) {
      if (closed) throw unavailable("the database is closed");
      if (waiters.size === 0) {
        const link = takeLink();
        if (link !== null) return runOn(link, statement);
      }
      if (waiters.size >= queueLimit) {
        throw unavailable(`all ${size} database connections are in use and ${queueLimit} statements wait already`);
      }
      return enqueue(statement);
    },
    use: () => ({
      used: busy.size,
      idle: idle.filter(({ fault }) => fault === null).length,
      most: size,
      waiting: waiters.size,
    }),
    async close(graceMs) {
      closed = true;
      for (const waiter of waiters) {
        waiter.cancelDeadline();
        waiter.reject(unavailable("the database is closed"));
      }
      waiters.clear();
      if (busy.size > 0) {
        await new Promise<void>((resolve) => {
          const giveUp = scheduler.after(graceMs, resolve);
          onQuiet = () => {
            giveUp();
            resolve();
          };
        });
      }
      for (const link of [...idle, ...busy]) link.close();
    },
  };
}
