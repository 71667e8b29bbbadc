/**
 * The Java processes of Kafka: the tool that formats a data directory, and a broker.
 *
 * Each runs in a directory of its own with its settings, its log and the file `pid`, which is there before Java is:
 * a guard finds whatever runs, whenever we are killed. What fails tells the log in its error.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { commandOf } from "../../runtime/cli/dev/process-command.ts";
import type { Java } from "./java.ts";

/** What runs Kafka. */
export interface KafkaProgram {
  readonly version: string;
  readonly java: Java;
  /** Of the broker and its tools. */
  readonly classPath: string;
  /** Lets a broker start in half the time; absent where this Java cannot make it. */
  readonly classArchive?: string;
}

/** In the directory of a process. */
export const SETTINGS_FILE = "server.properties";
export const LOG_FILE = "log";
const PID_FILE = "pid";

/** For a guard: ends what runs in the directories under $1. A frozen process must be thawed to end. */
export const GUARD_OF_KEPT_DATA = `
for file in "$1"/*/${PID_FILE}; do
  pid=$(cat "$file" 2>/dev/null)
  [ -n "$pid" ] && { kill -CONT "$pid" 2>/dev/null; stop "$pid" java & }
done
wait
`;
/** The same, and removes $1. */
export const GUARD_OF_TEMPORARY_DATA = `${GUARD_OF_KEPT_DATA}rm -rf "$1"`;

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** What a guard takes at most to end a broker whose owner was killed. */
const LEFTOVER_TIMEOUT_MS = 12_000;
const LOG_TAIL = 20_000;

/** Makes the data directory that the settings in `directory` name. `words` are added to the tool's command line. */
export async function formatStorage(
  program: KafkaProgram,
  directory: string,
  clusterId: string,
  words: readonly string[],
): Promise<void> {
  const settings = join(directory, SETTINGS_FILE);
  const tool = launch(program, directory, [
    "kafka.tools.StorageTool",
    "format",
    "--cluster-id",
    clusterId,
    "--config",
    settings,
    ...words,
  ]);
  await hasEnded(tool);
  if (tool.exitCode !== 0) throw new Error(`Kafka could not format its storage:\n${await tailOfLog(directory)}`);
}

/** Starts a broker with the settings in `directory`. `javaOptions` are its own. */
export function launchBroker(program: KafkaProgram, directory: string, javaOptions: readonly string[]): ChildProcess {
  return launch(program, directory, [...javaOptions, "kafka.Kafka", join(directory, SETTINGS_FILE)]);
}

/** Waits until the broker serves. Throws with its log when it ends before that, or takes too long. */
export async function becameReady(broker: ChildProcess, directory: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && isRunning(broker)) {
    if ((await tailOfLog(directory)).includes("Kafka Server started")) return;
    await Bun.sleep(20);
  }
  throw new Error(`Kafka did not start:\n${await tailOfLog(directory)}`);
}

/**
 * Ends a broker that an earlier life left in `directory`: its guard may be about to, or be gone as well. Resolves when
 * its data is nobody's. A number that by now is another program's is told by its command line.
 */
export async function endLeftover(directory: string): Promise<void> {
  const pid = Number(await readFile(join(directory, PID_FILE), "utf8").catch(() => ""));
  const isThere = () => pid > 0 && commandOf(pid).includes(join(directory, SETTINGS_FILE));
  if (!isThere()) return;
  console.error(`ending the Kafka broker ${pid} that an earlier process left behind`);
  const deadline = Date.now() + LEFTOVER_TIMEOUT_MS;
  signal(pid, "SIGCONT");
  signal(pid, "SIGTERM");
  for (; isThere(); await Bun.sleep(20)) if (Date.now() > deadline) signal(pid, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}

/** Ends the process in order, and by force when that takes too long. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await hasEnded(child);
  clearTimeout(late);
}

/** Ends the process at once. */
export async function killProcess(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  child.kill("SIGKILL");
  await hasEnded(child);
}

/** Whether the process has not ended yet. */
export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function hasEnded(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (!isRunning(child)) return resolve();
    child.once("exit", () => resolve());
  });
}

function launch(program: KafkaProgram, directory: string, words: readonly string[]): ChildProcess {
  const { java, classPath, classArchive } = program;
  const log = openSync(join(directory, LOG_FILE), "w");
  try {
    return spawn(
      "sh",
      [
        "-c",
        `echo $$ > ${PID_FILE}; exec "$@"`,
        "kafka",
        java.program,
        "-Xmx256m",
        "-XX:+UseSerialGC",
        // For processes that live for seconds the second compiler costs more than it gains.
        "-XX:TieredStopAtLevel=1",
        // Both would leave files in the system's temporary directory behind when we kill it.
        "-XX:-UsePerfData",
        `-Djava.io.tmpdir=${directory}`,
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
        ...(classArchive === undefined ? [] : [`-XX:SharedArchiveFile=${classArchive}`]),
        "-cp",
        classPath,
        ...words,
      ],
      // A session of its own: Ctrl-C in the terminal reaches us, and we end it.
      { cwd: directory, detached: true, stdio: ["ignore", log, log] },
    );
  } finally {
    closeSync(log);
  }
}

async function tailOfLog(directory: string): Promise<string> {
  return (await readFile(join(directory, LOG_FILE), "utf8").catch(() => "")).slice(-LOG_TAIL);
}
