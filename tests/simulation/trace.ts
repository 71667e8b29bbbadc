/**
 * What happened in one seed, in order: a running SHA-256 over every line, and the lines themselves where a story is
 * wanted. Two runs of one seed must give the same digest; the first line that differs says where chance leaked in.
 */
export interface Trace {
  line(text: string): void;
  /** A short name for contents that would make a line too long. */
  shorten(contents: unknown): string;
  digest(): string;
  readonly story: readonly string[];
  /** How many lines there were, kept or not. */
  readonly lines: number;
}

const LAST_LINES = 60;

/** With `story` every line is kept; without it only the last ones. */
export function createTrace(story: boolean): Trace {
  const hasher = new Bun.CryptoHasher("sha256");
  const kept: string[] = [];
  let lines = 0;
  return {
    line(text) {
      lines += 1;
      hasher.update(text);
      hasher.update("\n");
      kept.push(text);
      if (!story && kept.length > 2 * LAST_LINES) kept.splice(0, LAST_LINES);
    },
    shorten: (contents) =>
      Bun.hash
        .wyhash(JSON.stringify(contents) ?? "")
        .toString(16)
        .padStart(16, "0"),
    digest: () => hasher.copy().digest("hex"),
    get story() {
      return story ? kept : kept.slice(-LAST_LINES);
    },
    get lines() {
      return lines;
    },
  };
}
