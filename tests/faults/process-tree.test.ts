import { afterEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { until } from "../../runtime/until.fixture.ts";
import { descendantsOf, isBackend, isRunning, killAll, partsOf, processOf, untilEnded } from "./process-tree.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A shell whose command line names the entrance, as the platform's does. */
function shell(script: string): number {
  const child = spawn("sh", ["-c", script, "runtime/main.ts"], { stdio: "ignore", detached: true });
  const { pid = 0 } = child;
  cleanups.push(() => killAll([processOf(pid) ?? [], descendantsOf(pid)].flat()));
  return pid;
}

test.skipIf(process.platform !== "linux")("a process that is the application itself has no supervisor", async () => {
  const pid = shell("sleep 30; :");
  await until("the processes are there", () => partsOf(pid).all.length === 2);
  const { application, supervisor, server, backends } = partsOf(pid);
  expect(application?.pid).toBe(pid);
  expect([supervisor, server, backends]).toEqual([undefined, undefined, []]);
});

test.skipIf(process.platform !== "linux")(
  "an application below another process is told from its supervisor",
  async () => {
    const pid = shell("sh -c 'sleep 30; :' runtime/main.ts & sleep 30; :");
    await until("the processes are there", () => partsOf(pid).all.length === 4);
    const { application, supervisor } = partsOf(pid);
    expect(supervisor?.pid).toBe(pid);
    expect(application?.parent).toBe(pid);
    killAll(application === undefined ? [] : [application]);
    await untilEnded(application === undefined ? [] : [application]);
    expect(partsOf(pid).application?.pid).toBe(pid);
  },
);

test.skipIf(process.platform !== "linux")("a number that belongs to another process by now is not killed", async () => {
  const pid = shell("sleep 30; :");
  await until("the processes are there", () => processOf(pid) !== undefined);
  const seen = processOf(pid);
  if (seen === undefined) throw new Error("the shell runs");
  const earlier = { ...seen, startedTicks: "1" };
  expect(isRunning(earlier)).toBe(false);
  killAll([earlier]);
  expect(isRunning(seen)).toBe(true);
});

test("backends are told from the server's other processes", () => {
  expect(isBackend("postgres: postgres postgres [local] idle")).toBe(true);
  expect(isBackend("postgres: order_app journey_1 127.0.0.1(40122) INSERT")).toBe(true);
  expect(isBackend("postgres: checkpointer")).toBe(false);
  expect(isBackend("postgres: io worker 0")).toBe(false);
  expect(isBackend("/usr/bin/postgres -D data")).toBe(false);
});
