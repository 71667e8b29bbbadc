import { expect, test } from "bun:test";
import { newKey, testBench } from "./replicas.fixture.ts";

const bench = testBench();
const COMMANDS = "genai-demo.tally.commands.v1";

test.each(["{}", '{"type":7,"data":{}}', '{"key":"another","sequence":9}'])(
  "a letter whose message is %s stays where it stands, harms nobody, and can be discarded",
  async (message) => {
    const key = newKey();
    await bench.rows(
      `insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
        values ($1, '${COMMANDS}', 1, 'threw', 'planted', $2, '2026-01-01Z')`,
      key,
      message,
    );
    const place = { key, source: COMMANDS, sequence: 1 };
    const { running } = await bench.replica();
    expect(await running.letters.replay(place, null)).toMatchObject({ kind: "done", state: "parked" });
    expect((await bench.letters(key)).map(({ sequence, reason }) => [sequence, reason])).toEqual([[1, "threw"]]);
    expect(await running.letters.discard(place, "it is damaged", null)).toMatchObject({ kind: "done", state: "gone" });
    expect(await bench.letters(key)).toEqual([]);
  },
);
