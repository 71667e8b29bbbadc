/**
 * A dead letter is there only for a message that cannot be handled. Where the message came again after its handler was
 * mended, and was handled, its letter has been outrun: it is found by looking at the letters now and then, a page at a
 * time, and goes away through the lane, which knows the mark. Nothing else happens to a letter without an operator.
 *
 * Run by the holder of the first shard. A look that fails is made up for by the next one.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import { contentOf, LETTER_COLUMNS } from "./dead-letter.ts";
import type { MessageItem } from "./item.ts";

export interface OutrunLettersDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Gives messages to the lane. */
  readonly letGo: (letters: readonly MessageItem[]) => void;
}

const EVERY_MS = 10_000;
const PAGE = 100;
const FIRST = { key: "", source: "", sequence: 0 };

/** Returns a function to call at each upkeep; it looks once in ten seconds, first at once. */
export function createOutrunLetters({ database, clock, letGo }: OutrunLettersDeps): () => Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY;
  let after = FIRST;
  return async () => {
    if (clock.now() - lastMs < EVERY_MS) return;
    lastMs = clock.now();
    const rows = await database.query({
      text: `select ${LETTER_COLUMNS} from dead_letter where sequence > 0 and (key, source, sequence) > ($1, $2, $3::integer)
        order by key, source, sequence limit ${PAGE}`,
      params: [after.key, after.source, after.sequence],
    });
    const last = rows.at(-1);
    after =
      last && rows.length === PAGE
        ? { key: String(last.key), source: String(last.source), sequence: Number(last.sequence) }
        : FIRST;
    letGo(
      rows.flatMap((row): MessageItem[] => {
        const content = contentOf(row);
        if (content.kind !== "message") return [];
        const { envelope } = content;
        return [{ kind: "message", key: envelope.key, envelope, letter: { kind: "cover" }, settle: () => undefined }];
      }),
    );
  };
}
