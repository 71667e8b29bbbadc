/**
 * A place as bare as can be had: an empty folder that belongs to an unprivileged user, an environment with nothing in it
 * but a PATH of a few small programs, and a network that has a loopback and leads nowhere. Without the rights for that (a
 * test run by a user that is not root, a container that may make no namespace) it is as near to it as there is, and says
 * what is missing.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuard } from "../provision/guard.ts";

/** What the embedded server's guard needs, and what the printed lines of `dev` call. */
const TOOLS = ["sh", "rm", "sleep", "date", "curl"];
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  output(): string;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): void;
  readonly exited: Promise<number | null>;
}

export interface Sandbox {
  readonly folder: string;
  /** Names of what could not be taken away. */
  readonly lacking: readonly string[];
  start(argv: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** Runs it to its end. */
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  remove(): Promise<void>;
}

/** Makes it, with copies of the files. */
export function openSandbox(files: readonly string[]): Sandbox {
  const top = mkdtempSync(join(tmpdir(), "genai-demo-executable-"));
  chmodSync(top, 0o755);
  const [folder, tools] = [join(top, "empty folder"), join(top, "tools")];
  for (const made of [folder, tools]) mkdirSync(made);
  for (const tool of TOOLS) {
    const path = Bun.which(tool);
    if (path === null) throw new Error(`the test needs ${tool}`);
    symlinkSync(path, join(tools, tool));
  }
  for (const file of files) {
    const copy = join(folder, file.split("/").at(-1) ?? "");
    copyFileSync(file, copy);
    chmodSync(copy, 0o755);
  }
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const network = isRoot ? closedNetwork() : null;
  const wrapper = network?.enter ?? [];
  const environment = { PATH: tools, HOME: join(folder, "home") };
  const begin = (argv: readonly string[], env: Readonly<Record<string, string>>) => {
    const [program = "", ...args] = [...wrapper, ...argv];
    return spawn(program, args, {
      cwd: folder,
      env: { ...environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Root may enter the network's namespace; what enters it gives root up.
      ...(isRoot && network === null ? { uid: NOBODY, gid: NOBODY } : {}),
    });
  };
  const started: Running[] = [];
  return {
    folder,
    lacking: [...(isRoot ? [] : ["another user"]), ...(network === null ? ["a network that leads nowhere"] : [])],
    start(argv, env = {}) {
      const child = begin(argv, env);
      const { pid } = child;
      if (pid === undefined) throw new Error(`${argv.join(" ")} could not be started`);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => {
          output += chunk.toString();
        });
      const guard = startGuard('stop "$1" "$2"', String(pid), "genai-demo");
      const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
      const running = { pid, output: () => output, kill: (signal: NodeJS.Signals) => void child.kill(signal), exited };
      void exited.then(() => guard.release());
      started.push(running);
      return running;
    },
    async run(argv, env = {}) {
      const child = begin(argv, env);
      const text = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name]?.on("data", (chunk: Buffer) => {
          text[name] += chunk.toString();
        });
      const code = await new Promise<number | null>((resolve) => child.once("close", (ended) => resolve(ended)));
      return { code, ...text };
    },
    async remove() {
      for (const running of started) running.kill("SIGKILL");
      await Promise.all(started.map(({ exited }) => exited));
      network?.close();
      rmSync(top, { recursive: true, force: true });
    },
  };
}

/** A network namespace with a loopback; null where this process may make none. */
function closedNetwork(): { readonly enter: readonly string[]; close(): void } | null {
  // It ends with this process, which holds its input open.
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && exec cat"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const [nsenter, pid] = [Bun.which("nsenter"), holder.pid];
  const path = `/proc/${pid}/ns/net`;
  const identity = [`--setuid=${NOBODY}`, `--setgid=${NOBODY}`];
  const enter = [nsenter ?? "nsenter", `--net=${path}`, ...identity, "--"];
  // Until the loopback is up: as long as a shell takes to start.
  for (let attempt = 0; attempt < 100 && pid !== undefined; attempt++) {
    const isUp = spawnSync(enter[0] ?? "", [...enter.slice(1), "cat", "/proc/net/dev", "/proc/net/fib_trie"], {
      encoding: "utf8",
    });
    if (isUp.status === 0 && /127\.0\.0\.1/.test(isUp.stdout) && !/eth\d|ens\d/.test(isUp.stdout))
      return { enter, close: () => void holder.kill("SIGKILL") };
    Bun.sleepSync(20);
  }
  holder.kill("SIGKILL");
  return null;
}
