/** What an error says, in its own words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? wordsOf(error) : String(error));

/** An error as a log or a dead letter keeps it: its message, which not every stack says (zod's does not), and its stack. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = "" } = error;
  const words = wordsOf(error);
  const frames = stack.replaceAll(message, () => words);
  return frames.includes(words) && stack !== "" ? frames : `${name}: ${words}\n${frames}`.trimEnd();
}

/** What cannot be parsed is repeated by the parser, whatever it was: that is left out. */
const wordsOf = (error: Error) =>
  error instanceof SyntaxError ? error.message.replaceAll(/(["'`])(?:.|\n)*\1/g, "…") : error.message;
