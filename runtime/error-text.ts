/** What an error says, in its own words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An error as a log or a dead letter keeps it: its message, which not every stack says (zod's does not), and its stack. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = "" } = error;
  return stack.includes(message) && stack !== "" ? stack : `${name}: ${message}\n${stack}`.trimEnd();
}
