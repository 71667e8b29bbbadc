/**
 * Starts the server under a guard: a shell in a session of its own that waits on a pipe whose other end this process
 * holds. When that end closes, because this process asks for a stop, ends or is killed (kill -9 included), the guard
 * ends the server and removes the socket directory. It asks for a fast shutdown, and after five seconds for an immediate
 * one: a server that was asked in the middle of a recovery never ends otherwise, and it only recovers again at its next
 * start. Ctrl-C reaches neither of the two, so this process can finish its work with a living database. When the server
 * ends by itself, so does the guard.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { StartError } from "../../start-error.ts";
import type { Account } from "./account.ts";

/** $1 log file, $2 socket directory, then the server's command line. Descriptor 3 is the pipe. */
const GUARD_SCRIPT = `
trap '' INT HUP TERM QUIT PIPE
log=$1; sockets=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- >>"$log" 2>&1 &
server=$!
echo "$server"
(
  read -r _ <&3
  kill -INT "$server" 2>/dev/null
  seconds=0
  while [ "$seconds" -lt 5 ]; do sleep 1; seconds=$((seconds + 1)); done
  kill -QUIT "$server" 2>/dev/null
) >/dev/null 2>&1 &
reader=$!
wait "$server"
status=$?
kill -9 "$reader" 2>/dev/null
rm -rf "$sockets"
exit "$status"
`;

export interface GuardedServer {
  /** The postmaster. */
  readonly pid: number;
  /** Whether the server has ended. */
  readonly ended: boolean;
  /** Asks for the end; resolves when the server is gone. */
  stop(): Promise<void>;
}

export interface GuardSettings {
  readonly command: readonly string[];
  readonly account: Account | null;
  readonly logFile: string;
  readonly socketDir: string;
  /** Called once when the server ends without having been asked to. */
  readonly onUnexpectedEnd: (status: number | null) => void;
}

/** Starts the server; resolves as soon as its process exists. */
export async function startGuarded(settings: GuardSettings): Promise<GuardedServer> {
  const { command, account, logFile, socketDir } = settings;
  const guard = spawn("/bin/sh", ["-c", GUARD_SCRIPT, "guard", logFile, socketDir, ...command], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    ...(account ?? {}),
  });
  let isEnded = false;
  let isAsked = false;
  const ended = new Promise<void>((resolve) => {
    guard.once("close", (status) => {
      isEnded = true;
      if (!isAsked) settings.onUnexpectedEnd(status);
      resolve();
    });
  });
  // Closing the pipe of a guard that has ended already is no error.
  guard.stdin?.on("error", () => undefined);
  const pid = await firstNumber(guard);
  // A process that forgets to stop the server may still end; the guard then does its work.
  guard.unref();
  guard.stdout?.destroy();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return {
    pid,
    get ended() {
      return isEnded;
    },
    stop() {
      isAsked = true;
      if (!isEnded) guard.ref();
      guard.stdin?.end();
      return ended;
    },
  };
}

function firstNumber(guard: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    guard.once("error", (error) => {
      reject(
        new StartError(`The embedded PostgreSQL needs /bin/sh, which cannot be run: ${error.message}`, {
          cause: error,
        }),
      );
    });
    guard.once("close", () => reject(new Error("the guard of the database ended at once")));
    guard.stdout?.once("data", (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
}
