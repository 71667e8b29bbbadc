import { afterEach, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemScheduler } from "../../scheduler.ts";
import { StartError } from "../../start-error.ts";
import { endOrphans, noteApplications, SUPERVISED_FLAG } from "./orphans.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const ENDLESS = "console.log('up'); setInterval(() => {}, 1000)";

/** An application that does not end by itself, noted in a data directory of its own. */
async function leftBehind() {
  const dataDir = mkdtempSync(join(tmpdir(), "genai-demo-orphans-"));
  const child = Bun.spawn([process.execPath, "-e", ENDLESS, SUPERVISED_FLAG, dataDir], { stdout: "pipe" });
  ends.push(() => {
    child.kill("SIGKILL");
    rmSync(dataDir, { recursive: true });
  });
  noteApplications(dataDir, new Set([child.pid]));
  // Until it runs, its command line is still that of this process.
  await child.stdout.getReader().read();
  return { dataDir, child };
}
/** Its seconds are short. */
const scheduler = { ...systemScheduler, sleep: (delayMs: number) => systemScheduler.sleep(delayMs / 5) };

test("an application that an earlier process left behind is ended by force, and that is told", async () => {
  const { dataDir, child } = await leftBehind();
  const said: string[] = [];
  await endOrphans(dataDir, scheduler, (line) => said.push(line));
  expect(said).toEqual([`ending the application ${child.pid} that an earlier process left behind`]);
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});

test("one that has just ended when it is to be killed is no failure", async () => {
  const { dataDir, child } = await leftBehind();
  const real = process.kill;
  const killing = spyOn(process, "kill").mockImplementation((pid) => {
    real(pid, "SIGKILL");
    throw Object.assign(new Error("kill ESRCH"), { code: "ESRCH" });
  });
  ends.push(() => killing.mockRestore());
  await endOrphans(dataDir, scheduler, () => undefined);
  expect(killing).toHaveBeenCalledTimes(1);
  await child.exited;
});

test("one that outlives even that ends the start, with one line that says what to do", async () => {
  const { dataDir, child } = await leftBehind();
  const killing = spyOn(process, "kill").mockImplementation(() => true);
  ends.push(() => killing.mockRestore());
  const error = await endOrphans(dataDir, scheduler, () => undefined).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain(`${child.pid}`);
  expect(String(error)).toContain("start again");
  expect(String(error)).not.toContain("\n");
});
