/** The real process as a child: `bun runtime/main.ts COMMAND` in a process group of its own. It never outlives the tests. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { startGuard } from "../provision/guard.ts";

/** What is run: a file below the folder in which it is started. */
export interface Program {
  readonly folder: string;
  readonly entry: string;
}

/** The program of a checkout. */
export const programIn = (folder: string): Program => ({ folder, entry: "runtime/main.ts" });

const THIS = programIn(join(import.meta.dir, "..", ".."));
const READY_TIMEOUT_MS = 45_000;
const COMMAND_TIMEOUT_MS = 45_000;
const STOP_TIMEOUT_MS = 20_000;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface PlatformProcess {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly internalUrl: string;
  /** Of all processes, where it stands for several. */
  readonly internalUrls: readonly string[];
  /** SIGTERM; the exit code, or null when it had to be killed. */
  stop(): Promise<number | null>;
  /** SIGKILL to the process alone, or to everything in its process group. */
  kill(what: "process" | "group"): Promise<void>;
  /** Both outputs so far. */
  output(): string;
  /** Resolves with the exit code when it has ended. */
  readonly exited: Promise<number | null>;
}

/** What the child sees: this process's environment without settings that would leak into it, and the given ones. */
function childEnvironment(env: Environment): Record<string, string> {
  const all: Record<string, string | undefined> = { ...process.env, DATABASE_URL: undefined, ...env };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], env: Environment = {}, { folder, entry } = THIS) {
  const child = Bun.spawn([process.execPath, entry, ...args], {
    cwd: folder,
    env: childEnvironment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_TIMEOUT_MS,
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** The command must refuse: its exit code is not 0, and it says why in one line, which is the answer. */
export async function refusal(args: readonly string[], env: Environment = {}, program = THIS): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, env, program);
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const [line = ""] = lines;
  if (code === 0 || lines.length !== 1)
    throw new Error(`${args.join(" ")} ended with code ${code} and said:\n${stdout}${stderr}`);
  return line;
}

/** Starts `dev` or `serve` on free loopback ports and waits until it is ready. */
export async function startProcess(
  args: readonly string[],
  env: Environment = {},
  { folder, entry } = THIS,
): Promise<PlatformProcess> {
  const { PORT: port = String(await freeServerPort()), INTERNAL_PORT: internalPort = String(await freeServerPort()) } =
    env;
  // No parcel moves by itself, in whatever way the platform is started.
  const settings = { HOST: "127.0.0.1", CARRIER_STEP_MS: "0", ...env, PORT: port, INTERNAL_PORT: internalPort };
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: folder,
    env: childEnvironment(settings),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that a test can kill all of it.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  let isAsked = false;
  const exited = new Promise<number | null>((resolve) =>
    child.once("exit", (code, signal) => {
      resolve(code);
      // Whatever fails next in the test, this is why.
      if (!isAsked && code !== 0)
        console.error(`${args.join(" ")} ended (${signal ?? code}):\n${output.slice(-4_000)}`);
    }),
  );
  const guard = startGuard('stop "$1" "$2"', String(pid), process.execPath.split("/").at(-1) ?? "");
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const running: PlatformProcess = {
    pid,
    port: Number(port),
    url: `http://127.0.0.1:${port}`,
    internalUrl: `http://127.0.0.1:${internalPort}`,
    internalUrls: [`http://127.0.0.1:${internalPort}`],
    output: () => output,
    exited,
    async stop() {
      isAsked = true;
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      const code = await exited;
      clearTimeout(force);
      await guard.release();
      return code;
    },
    async kill(what) {
      isAsked = true;
      process.kill(what === "group" ? -pid : pid, "SIGKILL");
      await exited;
      await guard.release();
    },
  };
  if (await becameReady(running.url, ended)) return running;
  await running.stop();
  throw new Error(`${args.join(" ")} did not become ready:\n${output}`);
}

/** Waits until the process at `url` is ready; false when it has ended before or takes too long. */
export async function becameReady(url: string, ended: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await isReady(url))) {
    if (ended() || Date.now() > deadline) return false;
    await Bun.sleep(30);
  }
  return true;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1000) })).status === 200;
  } catch {
    return false;
  }
}
