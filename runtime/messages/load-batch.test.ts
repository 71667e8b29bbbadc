import { expect, test } from "bun:test";
import type { Lane } from "../database/port.ts";
import type { Command } from "./decision.ts";
import { commandItem } from "./item.ts";
import { loadOptimistic } from "./load-batch.ts";
import { changeTally, Instruction, openTally, type Pot, type Tally, tally } from "./tally.fixture.ts";

/** What is read for a command, and what is taken to be absent. */
async function loadFor(command: Command<Tally, Pot, Instruction, number>) {
  const asked: unknown[] = [];
  const lane: Lane = {
    async run({ params }) {
      asked.push(params);
      return [];
    },
    begin: () => Promise.reject(new Error("nothing is locked here")),
    close: async () => undefined,
  };
  const ignore = () => undefined;
  const options = { expiresMs: 0 };
  const item = commandItem(command, "k", Instruction.parse({ name: "x" }), options, ignore, ignore);
  const loaded = await loadOptimistic(tally(), lane, [item], ignore);
  return { asked, assumedAbsent: [...loaded.assumedAbsent], hasAsked: loaded.asked };
}

test("a row is read, or taken to be new, or never had", async () => {
  expect(await loadFor(changeTally)).toEqual({ asked: [['{"k"}']], assumedAbsent: [], hasAsked: true });
  expect(await loadFor(openTally)).toEqual({ asked: [], assumedAbsent: ["k"], hasAsked: false });
  expect(await loadFor({ ...changeTally, sharedOnly: true })).toEqual({
    asked: [],
    assumedAbsent: [],
    hasAsked: false,
  });
});
