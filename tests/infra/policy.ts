/**
 * Policies of IAM, and whether they allow a request: Allow and Deny, wildcards in actions and resources, and the operators of
 * conditions that our policies use. What it does not know it refuses to judge, by throwing.
 */
import * as z from "zod";

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((given): readonly string[] => (typeof given === "string" ? [given] : given));

const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.union([z.literal("*"), z.record(z.string(), oneOrMore)]).optional(),
  Action: oneOrMore,
  Resource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).default({}),
});

const policy = z.strictObject({ Version: z.literal("2012-10-17"), Statement: z.array(statement) });

export type Statement = z.infer<typeof statement>;

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** What conditions ask for, such as aws:RequestedRegion. */
  readonly context: Readonly<Record<string, string>>;
}

/** The statements of a policy's text. Throws where it is none, or has parts that are not judged here. */
export const statementsOf = (text: string): readonly Statement[] => policy.parse(JSON.parse(text)).Statement;

/** Whether the statements allow it: one allows, none denies. */
export function allows(statements: readonly Statement[], request: Request): boolean {
  const matching = statements.filter((each) => isAbout(each, request));
  return matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny");
}

/** Whether `value` is of the pattern, in which * stands for any text and ? for a character. */
export function isLike(pattern: string, value: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(value);
}

function isAbout({ Action, Resource = [], Condition }: Statement, { action, resource, context }: Request): boolean {
  return (
    Action.some((each) => isLike(each.toLowerCase(), action.toLowerCase())) &&
    Resource.some((each) => isLike(each, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => {
        const given = context[key];
        return given !== undefined && wanted.some((each) => isMet(operator, each, given));
      }),
    )
  );
}

function isMet(operator: string, wanted: string, given: string): boolean {
  switch (operator) {
    case "StringEquals":
    case "ArnEquals":
      return wanted === given;
    case "Bool":
      return wanted.toLowerCase() === given.toLowerCase();
    case "StringLike":
    case "ArnLike":
      return isLike(wanted, given);
    default:
      throw new Error(`the condition ${operator} is not judged here: teach tests/infra/policy.ts`);
  }
}
