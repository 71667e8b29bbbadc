/** `If-Match` (RFC 9110): a write that its sender makes only of the version that he has read. */
import * as z from "zod";
import { etag } from "./etag.ts";
import { ProblemError, problem } from "./problem.ts";

/** Spread into the `z.object` of a route's headers. */
export const ifMatchHeader = {
  "if-match": z
    .string()
    .max(1000)
    .optional()
    .describe("The ETag that the resource must have now, or `*` for any; else nothing is done and the answer is 412."),
};

/** Throws a 412 where there is a precondition and the version, or undefined for nothing there, is not what it names. */
export function requireMatch(ifMatch: string | undefined, version: number | undefined): void {
  if (ifMatch === undefined || (version !== undefined && namesVersion(ifMatch, version))) return;
  const detail =
    version === undefined
      ? "There is nothing yet that If-Match could name. Leave it out to create it."
      : `The ETag is ${etag(version)}, not ${ifMatch.slice(0, 64)}. Read it again.`;
  throw new ProblemError(versionMismatch(detail));
}

/** The 412 of a write whose precondition does not hold. */
export const versionMismatch = (detail: string) => problem("version-mismatch", detail);

/** Whether the precondition names this version. Tags are compared as a whole: a weak one names none. */
export const namesVersion = (ifMatch: string, version: number) =>
  ifMatch.trim() === "*" || ifMatch.split(",").some((tag) => tag.trim() === etag(version));
