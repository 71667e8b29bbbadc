import { expect, test } from "bun:test";
import { join } from "node:path";
import { tokenise } from "./lexer.ts";
import { LIST, staleLogEvents } from "./log-events.ts";
import { readTree } from "./tree.ts";

const ROOT = join(import.meta.dir, "..", "..");
const list = `| Event | Level | Says | Do |
| --- | --- | --- | --- |
| \`call.failed\` | warn | a | b |
| \`redis.away\` | info, warn | a | b |
`;
const LISTED = 'log("warn", "call.failed", {}); deps.log(first ? "info" : "warn", "redis.away", { error });';
const judged = (text: string, path = "modules/order/a.ts", isTest = false) =>
  staleLogEvents([{ path, text, isTest, tokens: tokenise(text), imports: [] }], list);

test("what is told as the list says is no fault, nor is another function that is called log", () => {
  expect(
    judged(`${LISTED} log(line); log(\`\${a}: \${b}\`); logs("error", "x"); (l, e, f) => log(l, e, { module, ...f });`),
  ).toEqual([]);
});

test.each([
  ['log("error", "call.lost", {});', "modules/order/a.ts:1  call.lost has no row in docs/logs.md: add one"],
  ['log("error", "call.failed", {});', "docs/logs.md  call.failed is told at warn, error: its row says warn"],
  ['log("info", name, {});', "modules/order/a.ts:1  an event is named by one literal, so that it can be found"],
  [
    'log("info", first ? "a" : "b", {});',
    "modules/order/a.ts:1  an event is named by one literal, so that it can be found",
  ],
])("%s is a fault", (text, fault) => {
  expect(judged(LISTED + text)).toEqual([fault]);
});

test("an event that nothing tells any more is a fault; what tests tell does not count", () => {
  const gone = [
    "docs/logs.md  nothing logs call.failed: remove its row",
    "docs/logs.md  nothing logs redis.away: remove its row",
  ];
  expect(judged("")).toEqual(gone);
  expect(judged(LISTED, "modules/order/a.test.ts", true)).toEqual(gone);
  expect(judged(LISTED, "tests/a.ts")).toEqual(gone);
});

test("the list is current, and no row of it leaves open what it says and what to do", async () => {
  const text = await Bun.file(join(ROOT, LIST)).text();
  expect(staleLogEvents((await readTree(ROOT)).files, text)).toEqual([]);
  const rows = text.split("\n").filter((line) => line.startsWith("| `") && line.split("|").length === 6);
  expect(rows.length).toBeGreaterThan(30);
  for (const row of rows) for (const cell of row.split("|").slice(1, -1)) expect(cell.trim()).not.toBe("");
});
