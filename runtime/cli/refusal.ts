import { ConfigError } from "../config/load.ts";
import { errorText } from "../error-text.ts";
import { IssuerError } from "../identity/development-issuer.ts";
import { StartError } from "../start-error.ts";
import { UsageError } from "./arguments.ts";
import { OperatorError } from "./operator-client.ts";

/** A file that cannot be read as a program: only Bun knows to say where it is wrong. */
const isOfTheSource = (error: unknown): boolean =>
  error instanceof BuildMessage ||
  error instanceof ResolveMessage ||
  (error instanceof AggregateError && error.errors.some(isOfTheSource));

const EXPECTED = [StartError, ConfigError, IssuerError, OperatorError, UsageError];

/**
 * Why a command ended, in words: with a stack where it is a bug; and its exit code (1: it did not succeed, 2: the command
 * line is not understood).
 */
export function refusalOf(error: unknown): { readonly text: string; readonly code: number } {
  if (isOfTheSource(error)) return { text: Bun.inspect(error), code: 1 };
  const isExpected = error instanceof Error && EXPECTED.some((kind) => error instanceof kind);
  return { text: isExpected ? error.message : errorText(error), code: error instanceof UsageError ? 2 : 1 };
}
