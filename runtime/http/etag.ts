import { ProblemError, problem } from "./problem.ts";
import { invalid } from "./validation.ts";

/** The entity tag of a version. */
export const etag = (version: number | string) => `"${version}"`;

/** Whether `If-Match` allows a change of the resource whose tag is `current`. Absent allows; a malformed one is a 400. */
export function ifMatchAllows(ifMatch: string | null, current: string): boolean {
  if (ifMatch === null || ifMatch.trim() === "*") return true;
  const tags = ifMatch.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag)))
    throw new ProblemError(
      invalid([
        { field: "header.If-Match", message: 'must be an ETag as it was answered, in quotes, such as "3", or *' },
      ]),
    );
  // A weak tag never matches here: If-Match compares strongly (RFC 9110).
  return tags.includes(current);
}

/** 412 for a resource that has changed. */
export const versionMismatch = (current: string) =>
  problem("version-mismatch", `The resource is now at ${current}. Read it again and decide anew.`);

/** Throws 412 unless `If-Match` allows the change. */
export function requireMatch(ifMatch: string | null, current: string): void {
  if (!ifMatchAllows(ifMatch, current)) throw new ProblemError(versionMismatch(current), { etag: current });
}
