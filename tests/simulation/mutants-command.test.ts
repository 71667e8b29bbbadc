import { expect, test } from "bun:test";
import { run } from "./command.ts";
import { FOR_REAL_PROCESSES } from "./planted-bugs/real-processes.ts";

test("a planted bug that is not there is refused, and those that are there are named", async () => {
  await expect(run(["--mutants", "no-such-bug"])).rejects.toThrow(
    /^there is no planted bug no-such-bug; there are .*no-inbox-mark/,
  );
});

test("one that only real processes can show is refused with the command that shows it", async () => {
  for (const { name, shownBy } of FOR_REAL_PROCESSES)
    await expect(run(["--mutants", name])).rejects.toThrow(
      `${name} shows in real processes only: bun test ${shownBy.file}`,
    );
});

test("a seed alone is for one planted bug, and words are for planted bugs", async () => {
  await expect(run(["--mutants", "--seed", "3"])).rejects.toThrow("name it");
  await expect(run(["--mutants", "no-inbox-mark", "--minutes", "1"])).rejects.toThrow("not with --minutes");
  await expect(run(["no-inbox-mark"])).rejects.toThrow("Unexpected argument 'no-inbox-mark'");
});
