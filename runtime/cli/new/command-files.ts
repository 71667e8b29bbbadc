/** A command's own files, and its lines in those of its module. */
import { type Edit, FIRST_IMPORT } from "./edit.ts";
import { type Spelling, spellingOf } from "./names.ts";
import type { Files } from "./stage.ts";

interface InModule extends Spelling {
  readonly module: string;
}

interface Options {
  /** The status afterwards; absent: the same. */
  readonly to?: string;
  /** An event that is told. */
  readonly tells?: string;
}

/** The decision and its test. */
export function commandFiles({ module, type, value, path }: InModule, { to, tells }: Options = {}): Files {
  const aggregate = spellingOf(module).type;
  const events = tells === undefined ? "" : `, ${module}Events`;
  return {
    [`modules/${module}/${path}.ts`]: `
/** ${type}: recorded, with why, ${to === undefined ? "as long as the status allows it" : `and ${to} afterwards`}. */
import { type ${type}${events} } from "./contract.ts";
import { change, type ${aggregate}Command, type Told } from "./${module}.ts";

const tells: readonly Told[] = [${tells === undefined ? "" : `${module}Events.${tells}`}];

export const ${value}: ${aggregate}Command<${type}> = {
  name: "${path}",
  decide: (before, { note }, { now }) => change(before, { command: "${type}", note, at: now, ${to === undefined ? "" : `to: "${to}", `}tells }),
};
`,
    [`modules/${module}/${path}.test.ts`]: `
import { expect, test } from "bun:test";
import { ${value} } from "./${path}.ts";
import { contextAt, ${module}In } from "./${module}.fixture.ts";

const decide = (status: "OPEN" | "CLOSED") => ${value}.decide(${module}In(status), { note: "for a reason" }, contextAt(9));

test("${type} is recorded with its reason", () => {
  expect(decide("OPEN").state).toEqual({
    ...${module}In("${to ?? "OPEN"}"),
    lastChange: { command: "${type}", note: "for a reason" },
    updatedAt: 9,
  });
});

test("${type} is refused once it is CLOSED, and changes nothing", () => {
  expect(decide("CLOSED")).toEqual({
    answer: { kind: "refused", why: "It is CLOSED: ${type} is not possible any more." },
  });
});
`,
  };
}

/** What is asked for with it, and its route. */
export const commandEdits = ({ module, type, value, path }: InModule): readonly Edit[] => [
  requestSchema({ module, type, value, path }),
  {
    path: `modules/${module}/routes.ts`,
    after: FIRST_IMPORT,
    insert: `import { ${value} } from "./${path}.ts";\nimport { ${value}Schema } from "./contract.ts";\n`,
  },
  {
    path: `modules/${module}/routes.ts`,
    after: new RegExp(`export const ${module}Routes: [\\s\\S]*?(?=\\n\\];)`),
    insert: `
  route({
    ...commandRoute(${value}.name),
    summary: "${path.charAt(0).toUpperCase()}${path.slice(1).replaceAll("-", " ")}",
    body: ${value}Schema,
    bodyExample: { note: "for a reason" },
    handle: (request, deps: ${spellingOf(module).type}RouteDeps) => answer(deps, ${value}, request),
  }),`,
  },
];

/** The schema of its request, at the end of the contract. */
export const requestSchema = ({ module, type, value }: InModule): Edit => ({
  path: `modules/${module}/contract.ts`,
  after: /$/,
  insert: `
/** What ${type} is asked for with. */
export const ${value}Schema = z.strictObject({ note: line(200) });
export type ${type} = z.infer<typeof ${value}Schema>;
`,
});
