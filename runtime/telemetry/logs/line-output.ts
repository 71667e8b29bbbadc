/**
 * Writes lines to a stream of this process, and never makes the process wait for whoever reads them.
 *
 * Under Bun `console.log` blocks the whole process while its pipe is full, until somebody reads on; `process.stdout`
 * hands over what the pipe takes at once, so that a crash loses nothing of it, and keeps the rest in memory without
 * bound (measured: a pipe that nobody read, 60 MB of lines, 160 MB more resident). So one write is under way at a time,
 * what comes meanwhile waits in a queue of its own, and what has no room there is dropped and counted. Lines go out in
 * order. Nobody retries: a reader that has gone (EPIPE) does not come back, and the process goes on without.
 */
import type { Scheduler } from "../../scheduler.ts";

/** The part of `process.stdout` that is needed. */
export interface LineStream {
  write(text: string, done: (error?: Error | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface LineOutput {
  write(line: string): void;
  /** Lines that were dropped since this was asked last; 0 as long as there is no room. */
  takeLost(): number;
  /** Resolves when all is handed over, or after `withinMs`. */
  end(withinMs: number): Promise<void>;
}

/** Some five thousand lines. */
const QUEUE_LIMIT_BYTES = 1 << 20;
const WRITE_BYTES = 1 << 16;

export function createLineOutput(stream: LineStream, scheduler: Scheduler, limitBytes = QUEUE_LIMIT_BYTES): LineOutput {
  // Whoever replaces it later (cli/foreign-output.ts) means what others write.
  const send = stream.write.bind(stream);
  let queue: { readonly text: string; readonly bytes: number }[] = [];
  let queuedBytes = 0;
  let lost = 0;
  let isBusy = false;
  let isGone = false;
  let emptied: () => void = () => undefined;
  // An error is told to the write that failed as well; here it only must not end the process.
  stream.on("error", () => undefined);

  function sendNext() {
    let bytes = 0;
    const count = queue.findIndex((line) => {
      bytes += line.bytes;
      return bytes >= WRITE_BYTES;
    });
    const taken = queue.splice(0, count === -1 ? queue.length : count + 1);
    queuedBytes -= bytes;
    isBusy = true;
    send(taken.map(({ text }) => text).join(""), (error) => {
      isBusy = false;
      if (error) failed(error, taken.length);
      if (queue.length > 0) sendNext();
      else emptied();
    });
  }

  /** A full disk behind a file may have room again. */
  function failed(error: Error, lines: number) {
    lost += lines;
    isGone = !("code" in error && error.code === "ENOSPC");
    if (!isGone) return;
    queue = [];
    queuedBytes = 0;
  }

  return {
    write(line) {
      if (isGone) return;
      const text = `${line}\n`;
      const bytes = Buffer.byteLength(text);
      if (queuedBytes + bytes > limitBytes) {
        lost += 1;
        return;
      }
      queue.push({ text, bytes });
      queuedBytes += bytes;
      if (!isBusy) sendNext();
    },
    takeLost() {
      if (isGone || queuedBytes > limitBytes / 2) return 0;
      const count = lost;
      lost = 0;
      return count;
    },
    async end(withinMs) {
      if (!isBusy || isGone) return;
      await new Promise<void>((resolve) => {
        const cancel = scheduler.after(withinMs, resolve);
        emptied = () => {
          cancel();
          resolve();
        };
      });
    },
  };
}
