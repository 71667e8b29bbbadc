/** Reads a module's dead letters. */
import type { Database } from "../database/port.ts";
import {
  LETTER_COLUMNS,
  type Letter,
  type LetterFilter,
  type LetterPlace,
  letterOf,
  type OpenedLetter,
  openedLetterOf,
} from "./dead-letter.ts";

/** A place in the order of a list: by the time of parking, then key, source and number. */
interface LetterPosition extends LetterPlace {
  readonly parkedAtMs: number;
}

/** The letters after a position that match, at most `limit`. */
export async function readLetters(
  database: Database,
  after: LetterPosition | null,
  limit: number,
  filter: LetterFilter = {},
): Promise<readonly Letter[]> {
  const { key = null, type = null, reason = null } = filter;
  const from = after ?? { parkedAtMs: 0, key: "", source: "", sequence: 0 };
  const rows = await database.query({
    text: `select ${LETTER_COLUMNS} from dead_letter
      where (parked_at, key, source, sequence) > ($1::text::timestamptz, $2, $3, $4::integer)
        and ($6::text is null or key = $6) and ($7::text is null or reason = $7)
        and ($8::text is null or case when position(':' in source) > 0
          then source = $8 or starts_with(source, $8 || ':') else position($9 in message) > 0 end)
      order by parked_at, key, source, sequence limit $5::integer`,
    params: [
      new Date(from.parkedAtMs).toISOString(),
      from.key,
      from.source,
      from.sequence,
      limit,
      key,
      reason,
      type,
      // As it was written: a quote within another value has a backslash before it.
      `"type":${JSON.stringify(type)}`,
    ],
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
