/**
 * What code that knows no log writes to this process's outputs (libraries, warnings of Bun), handed over text by text, so
 * that all that a collector reads are log lines, and so that nobody waits in `console.log` for a pipe that is full. What
 * Bun writes from native code as it crashes is beyond reach.
 */
import { Console } from "node:console";
import { Writable } from "node:stream";

type Take = (stream: "stdout" | "stderr", text: string) => void;

const CONSOLE_METHODS = [
  "assert",
  "count",
  "debug",
  "dir",
  "dirxml",
  "error",
  "group",
  "groupCollapsed",
  "groupEnd",
  "info",
  "log",
  "table",
  "timeEnd",
  "timeLog",
  "trace",
  "warn",
] as const;

/** A text without an end of line is kept up to that. */
const PART_LIMIT = 8_000;

/** From now on; whoever holds the outputs' own `write` still writes there. */
export function captureForeignOutput(take: Take): void {
  const sinks = { stdout: sinkOf("stdout", take), stderr: sinkOf("stderr", take) };
  const captured = new Console({ ...sinks, colorMode: false });
  for (const method of CONSOLE_METHODS) Reflect.set(console, method, Reflect.get(captured, method).bind(captured));
  for (const name of ["stdout", "stderr"] as const)
    Reflect.set(process[name], "write", sinks[name].write.bind(sinks[name]));
}

function sinkOf(name: "stdout" | "stderr", take: Take): Writable {
  const decoder = new TextDecoder();
  let part = "";
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      part += decoder.decode(chunk, { stream: true });
      const end = part.length > PART_LIMIT ? part.length : part.lastIndexOf("\n") + 1;
      const text = part.slice(0, end).trim();
      part = part.slice(end);
      // A text of several lines, such as an error with its stack, is one event.
      if (text !== "") take(name, text);
      done();
    },
  });
}
