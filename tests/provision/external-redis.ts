/**
 * A real Redis on loopback that keeps nothing on disk: what "external" means in tests and loads. It can be killed,
 * frozen and started again on its port.
 *
 * It ends with `stop()`, and when this process ends in any other way, kill -9 included: a guard ends it by its process
 * id. One that was killed or stopped comes back empty.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { freeServerPort } from "../../runtime/cli/dev/split/server-port.ts";
import { freeze } from "./freeze.ts";
import { startGuard } from "./guard.ts";
import { provisionRedis, type RedisProgram } from "./redis.ts";
import type { CertificateFiles } from "./self-signed.ts";

export interface ExternalRedis {
  /** With the password, and `rediss:` where it takes only TLS. */
  readonly url: string;
  readonly port: number;
  /** Of its latest start. */
  readonly pid: number;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Stops it from running, with its connections open (SIGSTOP). */
  freeze(): void;
  thaw(): void;
  /** Starts it again on its port; resolves when it serves. Does nothing while it runs. */
  start(): Promise<void>;
  /** Ends it in order. May be called twice, and when it is frozen or killed. */
  stop(): Promise<void>;
}

export interface ExternalRedisOptions {
  /** Of the default user; none unless it is given. */
  readonly password?: string;
  /** Takes only TLS, with this certificate; plain connections unless it is given. */
  readonly tls?: CertificateFiles;
}

interface RunningRedis {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Resolves when it has ended and nothing guards it any more. */
  readonly ended: Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PORT_TRIES = 5;

/** Starts a server of our own; resolves when it serves. Throws `MissingTool` when it cannot be had. */
export async function startExternalRedis(options: ExternalRedisOptions = {}): Promise<ExternalRedis> {
  const program = await provisionRedis();
  const { port, running: first } = await startOnFreePort(program, options);
  let running = first;
  const end = async (signal: NodeJS.Signals) => {
    running.process.kill(signal);
    // A frozen one takes a signal only when it goes on.
    running.process.kill("SIGCONT");
    const late = setTimeout(() => running.process.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await running.ended;
    clearTimeout(late);
  };
  const login = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `${options.tls === undefined ? "redis" : "rediss"}://${login}127.0.0.1:${port}`,
    port,
    get pid() {
      return running.pid;
    },
    kill: () => end("SIGKILL"),
    freeze() {
      if (isRunning(running.process)) freeze(running.pid);
    },
    thaw: () => void running.process.kill("SIGCONT"),
    async start() {
      if (isRunning(running.process)) return;
      running = await startServer(program, configuration(port, options));
    },
    stop: () => end("SIGTERM"),
  };
}

async function startOnFreePort(program: RedisProgram, options: ExternalRedisOptions) {
  for (let attempt = 1; ; attempt++) {
    const port = await freeServerPort();
    try {
      return { port, running: await startServer(program, configuration(port, options)) };
    } catch (error) {
      if (attempt === PORT_TRIES || !String(error).includes("Address already in use")) throw error;
    }
  }
}

function configuration(port: number, { password, tls }: ExternalRedisOptions): string {
  const listener =
    tls === undefined
      ? [`port ${port}`]
      : [
          "port 0",
          `tls-port ${port}`,
          `tls-cert-file ${tls.certificate}`,
          `tls-key-file ${tls.key}`,
          "tls-auth-clients no",
        ];
  const login = password === undefined ? [] : [`requirepass ${JSON.stringify(password)}`];
  return [...listener, "bind 127.0.0.1", 'save ""', "appendonly no", ...login, ""].join("\n");
}

/** The configuration goes in by standard input, so that no password stands in the list of processes. */
async function startServer({ program, env }: RedisProgram, settings: string): Promise<RunningRedis> {
  // A session of its own: Ctrl-C in the terminal reaches us, and we end the server.
  const server = spawn(program, ["-"], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    server.once("exit", () => resolve());
    server.once("error", () => resolve());
  });
  const { pid } = server;
  if (pid === undefined) throw new Error(`${program} cannot be started`);
  const guard = startGuard('kill -CONT "$1"; stop "$1" redis-server', String(pid));
  const running = { process: server, pid, ended: ended.then(() => guard.release()) };
  server.stdin.end(settings);
  const log = await logOfStart(server, ended);
  if (isRunning(server) && log.includes(READY)) return running;
  server.kill("SIGKILL");
  await running.ended;
  throw new Error(`Redis did not start:\n${log}`);
}

const READY = "Ready to accept connections";

/** What the server says until it is ready, has ended or takes too long. Later words are dropped. */
function logOfStart(server: ChildProcess, ended: Promise<void>): Promise<string> {
  return new Promise((resolve) => {
    let log = "";
    const done = () => {
      clearTimeout(late);
      resolve(log);
    };
    const late = setTimeout(done, START_TIMEOUT_MS);
    const hear = (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes(READY)) done();
    };
    server.stdout?.on("data", hear);
    server.stderr?.on("data", hear);
    void ended.then(done);
  });
}

function isRunning(server: ChildProcess): boolean {
  return server.exitCode === null && server.signalCode === null;
}
