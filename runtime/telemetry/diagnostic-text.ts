/**
 * What OpenTelemetry's SDK reports, in words. It reports in parts: who speaks, what, about what; an error comes as JSON of
 * all its properties as texts, its stack and the answer of a collector among them.
 */
import { messageOf } from "../error-text.ts";

/** The beginning of a collector's answer says why; some are pages. */
const ANSWER_LIMIT = 300;

/** The parts as one text. */
export const diagnosticText = (parts: readonly unknown[]): string =>
  parts
    .flatMap((part) => {
      if (typeof part === "string") return errorWords(part) ?? part;
      return part instanceof Error ? messageOf(part) : [];
    })
    .join(" ");

/** Of a text that is an error as JSON: what it says; undefined of any other. */
function errorWords(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  let error: unknown;
  try {
    error = JSON.parse(text);
  } catch {
    return undefined;
  }
  const of = (name: string): string | undefined => {
    const value: unknown = Reflect.get(Object(error), name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const message = of("message");
  if (message === undefined) return undefined;
  const code = of("code");
  const answer = of("data")?.trim();
  const isLong = answer !== undefined && answer.length > ANSWER_LIMIT;
  return [
    `${of("name") ?? "Error"}: ${message}`,
    code === undefined || message.includes(code) ? "" : ` (${code})`,
    answer ? `: ${isLong ? `${answer.slice(0, ANSWER_LIMIT)}…` : answer}` : "",
  ].join("");
}
