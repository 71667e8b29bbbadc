/** Reads a module's dead letters. */
import type { Database } from "../database/port.ts";
import {
  LETTER_COLUMNS,
  type Letter,
  type LetterPlace,
  letterOf,
  type OpenedLetter,
  openedLetterOf,
} from "./dead-letter.ts";

/** A place in the order of a list: by the time of parking, then key, source and number. */
interface LetterPosition extends LetterPlace {
  readonly parkedAtMs: number;
}

/** The letters after a position, at most `limit`. */
export async function readLetters(
  database: Database,
  after: LetterPosition | null,
  limit: number,
): Promise<readonly Letter[]> {
  const from = after ?? { parkedAtMs: 0, key: "", source: "", sequence: 0 };
  const rows = await database.query({
    text: `select ${LETTER_COLUMNS} from dead_letter
      where (parked_at, key, source, sequence) > ($1::text::timestamptz, $2, $3, $4::integer)
      order by parked_at, key, source, sequence limit $5::integer`,
    params: [new Date(from.parkedAtMs).toISOString(), from.key, from.source, from.sequence, limit],
  });
  return rows.map(letterOf);
}

/** The whole of one letter. */
export async function readLetter(database: Database, place: LetterPlace): Promise<OpenedLetter | undefined> {
  const [row] = await database.query(letterRow(place));
  return row && openedLetterOf(row);
}

export const letterRow = ({ key, source, sequence }: LetterPlace) => ({
  text: `select ${LETTER_COLUMNS} from dead_letter where key = $1 and source = $2 and sequence = $3::integer`,
  params: [key, source, sequence],
});

/** The first letters of a key and source, in order. */
export const queueRows = ({ key, source }: Pick<LetterPlace, "key" | "source">, limit: number) => ({
  text: `select ${LETTER_COLUMNS} from dead_letter where key = $1 and source = $2 order by sequence limit $3::integer`,
  params: [key, source, limit],
});
