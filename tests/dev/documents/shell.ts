/**
 * A shell into which a test pastes what documents say, block after block, as a reader does: variables stay. `bun` is this
 * one, `npx -y bun@1.4.5` as well, which saves a download; a `sleep` lasts until the platform has nothing under way, for
 * a second may be too short on a busy machine.
 */
import { dirname } from "node:path";
import type { Environment } from "../../journeys/process.ts";

const BLOCK_TIMEOUT_MS = 300_000;

export interface Shell {
  /** Pastes a block; both outputs. Rejects when its last command fails. */
  paste(block: string): Promise<string>;
  close(): Promise<void>;
}

interface ShellOptions {
  readonly cwd: string;
  readonly env?: Environment;
  /** What a `sleep` waits for: a command that succeeds when it is over. */
  readonly awake?: string;
}

export function openShell({ cwd, env = {}, awake = "true" }: ShellOptions): Shell {
  const child = Bun.spawn(["bash", "--norc", "--noprofile"], {
    cwd,
    env: { ...process.env, ...env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = linesOf(child.stdout);
  const write = (text: string) => {
    child.stdin.write(`${text}\n`);
    child.stdin.flush();
  };
  write("exec 2>&1");
  write('npx() { if [ "$1 $2" = "-y bun@1.4.5" ]; then shift 2; bun "$@"; else command npx "$@"; fi; }');
  write(`sleep() { for _ in $(seq 300); do if ${awake}; then return 0; fi; command sleep 0.1; done; return 1; }`);
  let pasted = 0;
  return {
    async paste(block) {
      pasted += 1;
      const end = `--- end of block ${pasted}:`;
      write(block);
      write(`printf '\\n%s %s\\n' '${end}' "$?"`);
      const output: string[] = [];
      const deadline = setTimeout(() => child.kill("SIGKILL"), BLOCK_TIMEOUT_MS);
      try {
        for (;;) {
          const { value: line, done } = await lines.next();
          if (done) throw new Error(`the shell has ended:\n${output.join("\n")}`);
          if (!line.startsWith(end)) output.push(line);
          else if (line === `${end} 0`) return output.join("\n");
          else throw new Error(`${line} in\n${block}\n${output.join("\n")}`);
        }
      } finally {
        clearTimeout(deadline);
      }
    },
    async close() {
      child.stdin.end();
      await child.exited;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
