/**
 * What happened in one seed, in order: a running SHA-256 over every line, and the lines themselves where they are
 * wanted. Two runs of one seed must give the same digest; the first line that differs says where chance leaked in.
 * Beside the lines there are sentences for a reader (story.ts); they only say again what the lines have said, and are
 * no part of the digest.
 */

/** How much of a seed is kept for its reader. */
export type Detail = "end" | "story" | "lines";

/** One sentence of the story. */
export interface Told {
  readonly atMs: number;
  /** Ids of what it is about (orders, idempotency keys, articles); empty: it concerns everybody. */
  readonly about: readonly string[];
  readonly text: string;
  /** What it consists of, where that is about different things: each part is told only to whom it concerns. */
  readonly parts?: readonly string[];
}

export interface Trace {
  line(text: string): void;
  /** A short name for contents that would make a line too long. */
  shorten(contents: unknown): string;
  /** Adds to the story; the sentence is made only where somebody will read it. Null: it would tell nothing. */
  tell(sentence: () => Omit<Told, "atMs"> | null): void;
  digest(): string;
  readonly lines: readonly string[];
  readonly told: readonly Told[];
}

const LAST_LINES = 60;

/** `nowMs`: the virtual time since the start of the seed. */
export function createTrace(detail: Detail, nowMs: () => number): Trace {
  const hasher = new Bun.CryptoHasher("sha256");
  const kept: string[] = [];
  const told: Told[] = [];
  const all = detail === "lines";
  return {
    line(text) {
      hasher.update(text);
      hasher.update("\n");
      kept.push(text);
      if (!all && kept.length > 2 * LAST_LINES) kept.splice(0, LAST_LINES);
    },
    shorten: (contents) =>
      Bun.hash
        .wyhash(JSON.stringify(contents) ?? "")
        .toString(16)
        .padStart(16, "0"),
    tell(sentence) {
      if (detail !== "story") return;
      const made = sentence();
      if (made !== null) told.push({ atMs: nowMs(), ...made });
    },
    digest: () => hasher.copy().digest("hex"),
    get lines() {
      return all ? kept : kept.slice(-LAST_LINES);
    },
    told,
  };
}
