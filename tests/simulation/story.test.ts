import { expect, test } from "bun:test";
import { idsIn, idsInText, tellStory } from "./story.ts";

const MINE = "01900000-0000-7000-8000-000000000001";
const OTHER = "01900000-0000-7000-8000-000000000002";
const names = new Map([
  [MINE, "#1"],
  [OTHER, "#2"],
]);
const reading = { subjects: new Set([MINE]), names, ending: [`order ${MINE} is PENDING`] };

test("ids and articles are found in texts and in parameters, each once", () => {
  expect(idsInText(`order ${MINE} of SKU-001 and ${MINE}`)).toEqual([MINE, "SKU-001"]);
  expect(idsIn([{ text: "", params: [`[{"key":"${OTHER}"}]`, 3, null, OTHER] }])).toEqual([OTHER]);
});

test("what is about others is left out, what is about everybody stays, and ids have names", () => {
  const told = [
    { atMs: 0, about: [], text: "node0.1 starts" },
    { atMs: 1500, about: [OTHER], text: `order ${OTHER} is paid` },
    { atMs: 1501, about: [MINE, OTHER], text: `${MINE} follows ${OTHER}` },
  ];
  expect(tellStory(told, reading)).toEqual([
    "    0.000 s  node0.1 starts",
    "    1.501 s  #1 follows #2",
    " at the end  order #1 is PENDING",
  ]);
});

test("of a sentence of many parts only the parts are told that concern the subject or nobody", () => {
  const parts = [`order ${MINE}`, `order ${OTHER}`, "a mark"];
  const told = [
    { atMs: 20, about: [MINE, OTHER], text: "saves: ", parts },
    { atMs: 21, about: [MINE, OTHER], text: "saves: ", parts: [`order ${OTHER}`] },
  ];
  expect(tellStory(told, { ...reading, ending: [] })).toEqual([
    "    0.020 s  saves: order #1; a mark (and 1 for others)",
  ]);
});

test("what repeats itself at once is said once", () => {
  const again = (atMs: number) => ({ atMs, about: [], text: "a lease has expired" });
  expect(tellStory([again(1), again(2), again(3)], { ...reading, ending: [] })).toEqual([
    "    0.001 s  a lease has expired (3 times)",
  ]);
});
