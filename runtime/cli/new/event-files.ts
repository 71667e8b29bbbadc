/** An event's test, its schema in the contract, and its line in the command that tells it. */
import { type Edit, FIRST_IMPORT } from "./edit.ts";
import type { Spelling } from "./names.ts";
import type { Files } from "./stage.ts";

interface Event extends Spelling {
  readonly module: string;
  /** The command that tells it. */
  readonly by: Spelling;
}

export const eventFiles = ({ module, type, path, by }: Event): Files => ({
  [`modules/${module}/${path}.test.ts`]: `
import { expect, test } from "bun:test";
import { ${by.value} } from "./${by.path}.ts";
import { ${module}Events } from "./contract.ts";
import { contextAt, ${module}In } from "./${module}.fixture.ts";

test("${by.type} tells ${type}, with its reason", () => {
  const { messages = [] } = ${by.value}.decide(${module}In("OPEN"), { note: "for a reason" }, contextAt(9));
  const told = messages.filter(({ type }) => type === "${type}").map(({ data }) => JSON.parse(data));
  expect(told).toEqual([{ note: "for a reason" }]);
  expect(${module}Events.${type}.schema.safeParse(told[0]).success).toBe(true);
});
`,
});

export const eventEdits = ({ module, type, by }: Event): readonly Edit[] => [
  {
    path: `modules/${module}/contract.ts`,
    after: new RegExp(`defineEvents\\("${module}", \\{[\\s\\S]*?(?=\\n\\}\\);)`),
    insert: `\n  ${type}: z.object({ note: z.string() }),`,
  },
  { path: `modules/${module}/${by.path}.ts`, after: /const tells: [^=]*= \[/, insert: `${module}Events.${type}, ` },
  {
    path: `modules/${module}/${by.path}.ts`,
    after: FIRST_IMPORT,
    insert: `import { ${module}Events } from "./contract.ts";\n`,
    unless: new RegExp(`${module}Events[^;]*from "./contract.ts"`),
  },
];
