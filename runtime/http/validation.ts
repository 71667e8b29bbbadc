import type * as z from "zod";
import { type FieldError, ProblemError, problem } from "./problem.ts";

type Part = "body" | "query" | "path" | "header";
type RawIssue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};
/** With an example: who sends another form has to know which one is wanted. */
const FORMATS: Readonly<Record<string, string>> = {
  datetime: "a time such as 2026-01-31T00:00:00Z",
  uuid: "a UUID such as 018f6d0e-0000-7000-8000-000000000000",
  email: "an e-mail address such as alice@example.com",
};
const kindOf = (expected: string) => KINDS[expected] ?? expected;

const many = (origin: string, count: number | bigint) => {
  if (origin === "string") return `${count} character${count === 1 ? "" : "s"}`;
  if (origin === "array" || origin === "set") return `${count} item${count === 1 ? "" : "s"}`;
  return String(count);
};

/** What to do about an issue, in plain words. A message given in the schema itself wins over this. */
function advice(issue: RawIssue): string | undefined {
  const given = issue.input;
  switch (issue.code) {
    case "invalid_type":
      if (given === undefined) return `is required: give ${kindOf(String(issue.expected))}`;
      return `must be ${kindOf(String(issue.expected))}`;
    case "invalid_value": {
      const values = Array.isArray(issue.values) ? issue.values.map(String).join(", ") : "";
      return `${given === undefined ? "is required: give" : "must be"} one of: ${values}`;
    }
    case "too_small":
      return `must be ${issue.inclusive === false ? "more than" : "at least"} ${many(String(issue.origin), numberOf(issue.minimum))}`;
    case "too_big":
      return `must be ${issue.inclusive === false ? "less than" : "at most"} ${many(String(issue.origin), numberOf(issue.maximum))}`;
    case "invalid_format":
      if (issue.format === "regex") return `must match ${String(issue.pattern)}`;
      return `must be ${FORMATS[String(issue.format)] ?? `a valid ${String(issue.format)}`}`;
    case "not_multiple_of":
      return `must be a multiple of ${String(issue.divisor)}`;
    default:
      return undefined;
  }
}

const numberOf = (value: unknown) => (typeof value === "number" || typeof value === "bigint" ? value : Number.NaN);

const dotted = (part: Part, path: readonly PropertyKey[]) => [part, ...path.map(String)].join(".");

/** A part of a request through its schema; every fault at once as a 400 that names the fields. */
export function validate<S extends z.ZodType>(part: Part, schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input, { error: advice });
  if (result.success) return result.data;
  throw new ProblemError(invalid(fieldErrors(part, result.error.issues)));
}

/** 400 `invalid-request` for the given fields. */
export function invalid(errors: readonly FieldError[]) {
  const first = errors[0];
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  const detail = first ? `${first.field} ${first.message}${more}.` : "The request does not fit the schema.";
  return problem("invalid-request", detail, errors);
}

const ERROR_LIMIT = 50;

/** The issues of a zod error as field errors, at most 50. */
export function fieldErrors(part: Part, issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        errors.push({
          field: dotted(part, [...issue.path, shortened(key)]),
          message: "is not a known field: leave it out",
        });
      }
    } else {
      errors.push({ field: dotted(part, issue.path.map(shortenedKey)), message: issue.message });
    }
    if (errors.length >= ERROR_LIMIT) break;
  }
  return errors.slice(0, ERROR_LIMIT);
}

/** A client's own field name is echoed, but never at any length. */
const shortened = (key: string) => (key.length > 64 ? `${key.slice(0, 64)}…` : key);
const shortenedKey = (key: PropertyKey) => (typeof key === "string" ? shortened(key) : key);
