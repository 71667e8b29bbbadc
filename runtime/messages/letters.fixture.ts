/** What the tests of dead letters share: keys with parked messages, and reports cut down to what they look at. */
import { expect } from "bun:test";
import type { LetterPlace } from "./dead-letter.ts";
import type { ReleaseResult } from "./release-letters.ts";
import { type Bench, incoming, newKey, type Replica } from "./replicas.fixture.ts";
import type { Script } from "./tally.fixture.ts";

const TOPIC = "genai-demo.tally.commands.v1";
/** A message of the tally's commands. */
export const at = (key: string, sequence: number): LetterPlace => ({ key, source: TOPIC, sequence });
/** The parked numbers. */
export const sequences = async (bench: Bench, key: string) =>
  (await bench.letters(key)).map(({ sequence }) => Number(sequence));

/** The report of what was done; throws for anything else. */
export function done(result: ReleaseResult) {
  if (result.kind !== "done") throw new Error(`expected a report, got ${result.kind}`);
  return {
    released: result.released.map(({ sequence }) => sequence),
    left: result.left.map(({ sequence, reason, error }) => [sequence, reason, error]),
    state: result.state,
    pending: result.pending,
  };
}
/** There was a letter; nothing follows it and nothing is left. */
export const nothing = { released: [], left: [], state: "gone" as const, pending: false };

/** Messages from number 1 on, `scripts` or names; resolves when all of them are parked or handled. */
export async function send(
  replica: Replica,
  key: string,
  scripts: readonly (Script | string)[],
  type = "Do",
  from = 1,
) {
  const asScript = (script: Script | string) => (typeof script === "string" ? { name: script } : script);
  await Promise.all(
    scripts.map((script, index) => replica.deliver(incoming(key, from + index, asScript(script), type))),
  );
}

/** A key whose first messages are handled, then one that throws, then what is behind it. */
export async function parkedKey(
  bench: Bench,
  names: readonly (Script | string)[] = ["behind", "last"],
  type = "Do",
): Promise<string> {
  const broken = await bench.replica();
  const key = newKey();
  await send(broken, key, ["good", { name: "poison", boom: "cannot do it" }, ...names], type);
  expect((await sequences(bench, key)).length).toBe(names.length + 1);
  await broken.stop();
  return key;
}

/** Holds `replica` back at the first statement with `text`, until `meanwhile` is over. */

export function before(replica: Replica, text: string, meanwhile: () => Promise<unknown>) {
  let held = 0;
  replica.faults.seen = async (statement) => {
    if (statement.text.includes(text) && held++ === 0) await meanwhile();
  };
  return () => held;
}
