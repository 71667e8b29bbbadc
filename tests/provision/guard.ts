/**
 * Cleans up after this process when it ends without having done so itself, kill -9 included.
 *
 * A shell of its own session waits on a pipe that only this process holds open. `release()` tells it that nothing is
 * left to do; a pipe that closes without a word makes it run its script. It only ever ends processes whose id and
 * command it was given.
 */
import { spawn } from "node:child_process";

export interface Guard {
  /** Everything was cleaned up in order: the guard goes without doing anything. */
  release(): Promise<void>;
}

const RELEASE_TIMEOUT_MS = 5_000;

/** `stop PID NAME`: ends a process if it still is what it was, softly, then after ten seconds by force. */
const STOP = `
stop() {
  case "$(cat "/proc/$1/comm" 2>/dev/null || ps -o comm= -p "$1" 2>/dev/null)" in *"$2"*) ;; *) return ;; esac
  kill -INT "$1" 2>/dev/null
  n=0
  while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
  kill -KILL "$1" 2>/dev/null
}
`;

/** Starts a guard that runs the shell `script` with `args` as $1, $2 … The function `stop PID NAME` is there for it. */
export function startGuard(script: string, ...args: readonly string[]): Guard {
  const body = `trap '' INT TERM HUP\nread -r word\n[ "$word" = released ] && exit 0\n${STOP}\n${script}`;
  const guard = spawn("sh", ["-c", body, "guard", ...args], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  return {
    async release() {
      guard.stdin?.end("released\n");
      const deadline = Date.now() + RELEASE_TIMEOUT_MS;
      while (guard.exitCode === null && guard.signalCode === null && Date.now() < deadline) await Bun.sleep(5);
    },
  };
}
