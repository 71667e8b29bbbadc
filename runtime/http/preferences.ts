export const WAIT_LIMIT_SECONDS = 25;

/** Looking through a longer one may take the square of its length. */
const MOST_CHARACTERS = 256;

/** One preference of the list: a text in quotation marks may hold commas. */
const PREFERENCE = /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g;

/**
 * `Prefer: wait=N` (RFC 7240) in milliseconds: at most 25 s, the first one counts. What cannot be understood is ignored,
 * as the RFC wants: a preference never fails a request.
 */
export function preferredWaitMs(prefer: string | null): number {
  if (prefer === null || prefer.length > MOST_CHARACTERS) return 0;
  for (const [preference] of prefer.matchAll(PREFERENCE)) {
    const match = /^\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;.*)?$/i.exec(preference);
    if (match) return Math.min(Number(match[1] ?? match[2]), WAIT_LIMIT_SECONDS) * 1000;
    if (/^\s*wait\b/i.test(preference)) return 0;
  }
  return 0;
}
