import { expect, test } from "bun:test";
import type { LetterFilter } from "./dead-letter.ts";
import { readLetters } from "./read-letters.ts";
import { testBench } from "./replicas.fixture.ts";

const bench = testBench();

test("letters are found by key, reason and type, all of them together, and page by page", async () => {
  const message = (type: string, data = "{}") => JSON.stringify({ topic: "t", type, data });
  const misleading = message("Second", JSON.stringify({ type: "First", note: '"type":"First"', nul: "\u0000" }));
  const letters: readonly (readonly [key: string, source: string, sequence: number, reason: string, text: string])[] = [
    ["a", "t", 1, "threw", message("First")],
    ["a", "t", 2, "behind", misleading],
    ["b", "t", 1, "rejected", message("Fir%t")],
    ["b", "timer:deadline", 0, "threw", '{"type":"First"}'],
    ["b", "call:void:0190", 0, "threw", "{}"],
    ["b", "call:voided:0191", 0, "threw", "{}"],
    ["0-7", "record:t", 0, "unreadable", "{}"],
    ["c", "t", 1, "threw", "{}"],
  ];
  for (const letter of letters)
    await bench.rows(
      `insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
        values ($1, $2, $3::integer, $4, 'planted', $5, '2026-01-01Z')`,
      ...letter,
    );
  const intent = { id: "", key: "", kind: "", request: "{}", shard: 0 };
  await bench.rows("update dead_letter set message = $1 where source like 'call:%'", JSON.stringify({ intent }));
  const found = async (filter: LetterFilter) => {
    const all: string[] = [];
    for (let after: Parameters<typeof readLetters>[1] = null; ; ) {
      const page = await readLetters(bench.database, after, 1, filter);
      const [letter] = page;
      if (!letter) return all.join(" ");
      all.push(`${letter.key}/${letter.source}/${letter.sequence}`);
      after = letter;
    }
  };
  expect(await found({ key: "a" })).toBe("a/t/1 a/t/2");
  expect(await found({ reason: "threw" })).toBe(
    "a/t/1 b/call:void:0190/0 b/call:voided:0191/0 b/timer:deadline/0 c/t/1",
  );
  expect(await found({ type: "First" })).toBe("a/t/1");
  expect(await found({ type: "Second" })).toBe("a/t/2");
  expect(await found({ type: "Fir%t" })).toBe("b/t/1");
  expect(await found({ type: "timer:deadline" })).toBe("b/timer:deadline/0");
  expect(await found({ type: "call:void" })).toBe("b/call:void:0190/0");
  expect(await found({ type: "call" })).toBe("b/call:void:0190/0 b/call:voided:0191/0");
  expect(await found({ type: "record:t" })).toBe("0-7/record:t/0");
  expect(await found({ key: "b", type: "timer", reason: "threw" })).toBe("b/timer:deadline/0");
  expect(await found({ key: "b", type: "timer", reason: "behind" })).toBe("");
});
