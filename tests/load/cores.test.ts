import { expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { divideCores } from "./cores.ts";

test("the last core is the generator's; where there is only one, or no way to say so, all share", () => {
  expect(divideCores(2, "taskset").generator).toEqual(["taskset", "-c", "1"]);
  expect(divideCores(8, "taskset").words).toContain("core 7 to itself, the platform and its database have core 0-6");
  for (const shared of [divideCores(1, "taskset"), divideCores(8, null)]) {
    expect(shared.generator).toEqual([]);
    expect(shared.words).toContain("shares all cores");
  }
});

const taskset = Bun.which("taskset");

test.skipIf(taskset === null || availableParallelism() < 2)("a process and what it has started are moved", async () => {
  const child = Bun.spawn(["sh", "-c", "sleep 60 & echo $!; wait"], { stdout: "pipe" });
  try {
    const { value } = await child.stdout.getReader().read();
    const grandchild = Number(new TextDecoder().decode(value));
    divideCores().confine(child.pid);
    const isAllowed = (pid: number) => Bun.spawnSync([taskset ?? "", "-c", "-p", String(pid)]).stdout.toString();
    const last = availableParallelism() - 1;
    for (const pid of [child.pid, grandchild]) expect(isAllowed(pid)).toMatch(new RegExp(`: 0(-${last - 1})?\n$`));
    process.kill(grandchild);
  } finally {
    child.kill();
    await child.exited;
  }
});
