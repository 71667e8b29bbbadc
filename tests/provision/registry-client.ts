/** Runs the client of a package registry (pip, mvn, apt-get): what it cannot do is a tool that is not to be had. */
import { refuseAtTheEnd, whenEnding } from "./ending.ts";
import { MissingTool } from "./missing.ts";

const DOWNLOAD_TIMEOUT_MS = 300_000;

export interface ClientOptions {
  /** What to do when it fails. */
  readonly hint: string;
  readonly cwd?: string;
  /** Added to our environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of a client that builds what it has downloaded. */
  readonly timeoutMs?: number;
  /** What runs for minutes on all cores lets whatever else the machine does go first. */
  readonly givesWay?: boolean;
}

/** Runs a client to its end. Throws `MissingTool` with the hint and the client's last words when it fails. */
export async function runClient(
  argv: readonly string[],
  { hint, cwd, env, timeoutMs = DOWNLOAD_TIMEOUT_MS, givesWay = false }: ClientOptions,
): Promise<void> {
  const name = argv.slice(0, 4).join(" ");
  refuseAtTheEnd(name);
  const nice = givesWay && Bun.which("nice") !== null ? ["nice", "-n", "15"] : [];
  const child = Bun.spawn([...nice, ...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const leave = whenEnding(() => child.kill());
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  leave();
  if (exitCode === 0) return;
  // Some say on standard output what went wrong.
  const words = `${stdout.trim()}\n${stderr.trim()}`.trim().slice(-1500);
  throw new MissingTool(name, `${hint}\n${words}`);
}
