/**
 * Keeps the books of dead letters as the statements that change them are answered: what each commit parks, releases and
 * marks as handled. A message is parked while it is the next number, behind another only while that one is parked, and
 * its letter goes away in a commit that counts its number or after it.
 */
import type { Statement } from "../../runtime/database/port.ts";
import type { Outcome } from "./backends.ts";
import { letterName } from "./platform-contents.ts";
import type { PlatformNode } from "./platform-node.ts";
import { keyOf, type Written, writesOf } from "./platform-words.ts";
import type { World } from "./workload.ts";

type Fields = Written["rows"][number];

export interface LetterBook {
  onAnswered(module: string, statement: Statement, outcome: Outcome): void;
}

export function createLetterBook({ faults, violation }: World<PlatformNode>): LetterBook {
  const marks = new Map<string, number>();
  const parked = new Set<string>();
  const markName = (module: string, topic: string, key: string) => `${module} ${topic} of ${key}`;
  const placeOf = (module: string, row: Fields) => ({
    module,
    key: keyOf(row),
    source: String(row["source"]),
    sequence: Number(row["sequence"]),
  });
  const markOf = ({ module, key, source }: ReturnType<typeof placeOf>) => marks.get(markName(module, source, key)) ?? 0;

  function note(module: string, topic: string, key: string, sequence: number) {
    const name = markName(module, topic, key);
    marks.set(name, Math.max(marks.get(name) ?? 0, sequence));
  }

  function noteMarks(module: string, row: Fields) {
    const { positions } = row;
    if (typeof positions !== "object" || positions === null || !("in" in positions)) return;
    for (const [topic, sequence] of Object.entries(positions.in ?? {}))
      note(module, topic, keyOf(row), Number(sequence));
  }

  function takeAway(module: string, row: Fields) {
    const place = placeOf(module, row);
    faults.count("letterReleased");
    if (!parked.delete(letterName(place))) return;
    if (place.sequence > markOf(place))
      violation(`the letter ${letterName(place)} goes away, and ${markOf(place)} is what has been handled`);
  }

  function park(module: string, row: Fields) {
    const place = placeOf(module, row);
    const name = letterName(place);
    const isBehind = row["reason"] === "behind";
    faults.count(isBehind ? "parkedBehind" : "parked");
    if (place.sequence === 0) return;
    if (isBehind && !parked.has(letterName({ ...place, sequence: place.sequence - 1 })))
      violation(`${name} is parked behind a message that is not parked`);
    if (!isBehind && place.sequence !== markOf(place) + 1)
      violation(`${name} is parked as one that threw, and ${markOf(place)} is what has been handled`);
    parked.add(name);
  }

  return {
    onAnswered(module, statement, outcome) {
      if (outcome.status !== "fulfilled") return;
      const lone = outcome.value.count > 0 ? parkedAlone(statement) : null;
      if (lone !== null) park(module, lone);
      if (!/^with w0 as/.test(statement.text)) return;
      const writes = writesOf(statement);
      const of = (table: string, verb: string) =>
        writes.flatMap((write) => (write.table === table && write.verb === verb ? write.rows : []));
      for (const { rows } of writes) for (const row of rows) noteMarks(module, row);
      for (const row of of("inbox_mark", "insert into"))
        note(module, String(row["topic"]), keyOf(row), Number(row["sequence"]));
      for (const row of of("dead_letter", "delete from")) takeAway(module, row);
      if (of("dead_letter", "update").length > 0) faults.count("letterMarkedDiscarded");
      const inOrder = of("dead_letter", "insert into").toSorted(
        (a, b) => Number(a["sequence"]) - Number(b["sequence"]),
      );
      for (const row of inOrder) park(module, row);
    },
  };
}

/** What a statement parks whose decision the database had refused (park-rejected.ts). */
function parkedAlone({ text, params }: Statement): Fields | null {
  if (!/^(?:with gone_(?:timer|intent) as .*\s+)?insert into dead_letter/s.test(text)) return null;
  const [key, source, sequence] = params ?? [];
  return { key, source, sequence, reason: "rejected" };
}
