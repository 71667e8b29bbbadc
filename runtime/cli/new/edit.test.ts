import { expect, test } from "bun:test";
import { UsageError } from "../arguments.ts";
import { edited, FIRST_IMPORT } from "./edit.ts";

const at = { path: "modules/loyalty/add-points.ts", after: /const tells: [^=]*= \[/, insert: "events.PointsAdded, " };

test("a text goes behind its place", () => {
  expect(edited("const tells: readonly Told[] = [];\n", at)).toBe(
    "const tells: readonly Told[] = [events.PointsAdded, ];\n",
  );
  const file = '/** What it is. */\nimport {\n  a,\n} from "./a.ts";\n\na();\n';
  expect(edited(file, { ...at, after: FIRST_IMPORT, insert: 'import "./b.ts";\n' })).toBe(
    '/** What it is. */\nimport {\n  a,\n} from "./a.ts";\nimport "./b.ts";\n\na();\n',
  );
});

test("what is there already is not repeated", () => {
  expect(edited("const tells: Told[] = [events.PointsAdded];", { ...at, unless: /events\.PointsAdded/ })).toBe(
    "const tells: Told[] = [events.PointsAdded];",
  );
});

test("a file that has lost the place is named", () => {
  expect(() => edited("const told = [];\n", at)).toThrow(UsageError);
  expect(() => edited("const told = [];\n", at)).toThrow("modules/loyalty/add-points.ts has no place for it");
});
