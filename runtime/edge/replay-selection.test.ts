import { expect, test } from "bun:test";
import type { Letter, LetterPlace } from "../messages/dead-letter.ts";
import type { ReleaseResult } from "../messages/release-letters.ts";
import { type Listed, replaySelection } from "./replay-selection.ts";

const letter = (key: string, sequence: number, reason: Letter["reason"] = "threw"): Letter => ({
  key,
  source: "t",
  sequence,
  reason,
  error: "a bug",
  parkedAtMs: 0,
});
const listed = (module: string, key: string, sequence: number, reason: Letter["reason"] = "threw"): Listed => ({
  module,
  letter: letter(key, sequence, reason),
});
const done = (
  released: readonly LetterPlace[],
  left: readonly Letter[] = [],
  more: { pending?: boolean; releasedCount?: number } = {},
): ReleaseResult => ({
  kind: "done",
  released,
  releasedCount: more.releasedCount ?? released.length,
  left,
  leftCount: left.length,
  state: "gone",
  pending: more.pending ?? false,
});

/** Replays what these pages list, where each replay takes so long and comes to what is given. */
async function replayed(
  pages: readonly (readonly Listed[])[],
  results: Readonly<Record<string, ReleaseResult>>,
  takesMs = 0,
) {
  let now = 0;
  const asked: string[] = [];
  const rest = [...pages];
  const report = await replaySelection({
    clock: { now: () => now },
    page: async () => rest.shift() ?? [],
    async replay(module, { key, sequence }) {
      const name = `${module}/${key}`;
      asked.push(`${name}/${sequence}`);
      now += takesMs;
      const result = results[name];
      if (!result) throw new Error(`nothing was said of ${name}`);
      return result;
    },
    beginWithinMs: 100,
  });
  return { ...report, asked };
}

test("each topic and key is asked for once, over all pages, and what is left keeps nobody", async () => {
  const places = [letter("a", 1), letter("a", 2)];
  const broken = letter("b", 1);
  const report = await replayed(
    [
      [listed("order", "a", 1), listed("order", "a", 2, "behind"), listed("payment", "a", 1)],
      [listed("order", "a", 3, "behind"), listed("order", "b", 1), listed("order", "gone", 1)],
    ],
    {
      "order/a": done(places),
      "order/b": done([], [broken]),
      "order/gone": { kind: "unknown" },
      "payment/a": done([letter("a", 1)]),
    },
  );
  expect(report).toEqual({
    asked: ["order/a/1", "payment/a/1", "order/b/1", "order/gone/1"],
    released: ["order:a:t:1", "order:a:t:2", "payment:a:t:1"],
    releasedCount: 3,
    left: [{ module: "order", letter: broken }],
    leftCount: 1,
    pending: false,
    keyReused: false,
  });
});

test("there is more to do when its time is over, when one has not ended, and when one was cut short", async () => {
  const selection = ["a", "b", "c"].map((key) => listed("order", key, 1));
  const all = Object.fromEntries(["a", "b", "c"].map((key) => [`order/${key}`, done([letter(key, 1)])]));
  expect(await replayed([selection], all, 50)).toMatchObject({ asked: ["order/a/1", "order/b/1"], pending: true });
  expect(await replayed([selection], all, 40)).toMatchObject({ releasedCount: 3, pending: false });
  const slow = { ...all, "order/a": done([], [letter("a", 1)], { pending: true }) };
  expect(await replayed([selection], slow)).toMatchObject({ releasedCount: 2, pending: true });
  const cut = { ...all, "order/a": done([letter("a", 1)], [letter("a", 2, "behind")]) };
  expect(await replayed([selection], cut)).toMatchObject({ releasedCount: 3, leftCount: 1, pending: true });
});

test("only the first hundred are told by name, and all of them are counted", async () => {
  const keys = Array.from({ length: 150 }, (_, index) => `k${index}`);
  const selection = keys.map((key) => listed("order", key, 1));
  const results = Object.fromEntries(keys.map((key) => [`order/${key}`, done([letter(key, 1)], [letter(key, 2)])]));
  const report = await replayed([selection], results);
  expect([report.released.length, report.releasedCount, report.left.length, report.leftCount]).toEqual([
    100, 150, 100, 150,
  ]);
});

test("a module that does not answer ends it, and a key that was used before as well", async () => {
  const selection = ["a", "b"].map((key) => listed("order", key, 1));
  expect(replayed([selection], { "order/a": done([]) })).rejects.toThrow("order/b");
  const reused: ReleaseResult = { kind: "keyReused" };
  const report = await replayed([selection], { "order/a": reused });
  expect([report.keyReused, report.asked]).toEqual([true, ["order/a/1"]]);
});
