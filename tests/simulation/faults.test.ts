import { expect, test } from "bun:test";
import { seededRandom } from "../../runtime/random.ts";
import { drawFaultProfile, type Frailty } from "./fault-profile.ts";
import { createFaults } from "./faults.ts";

const FRAIL: Frailty = { kind: "connectionLost", percentOfStatements: 20, probability: 1, salt: 7 };

function bench(frail: Frailty | null) {
  const drawn = drawFaultProfile(seededRandom(3));
  const probability = { ...drawn.probability, connectionLost: 0, answerLost: 0 };
  return createFaults(seededRandom(1), { ...drawn, probability, frail }, () => 0);
}

const statements = Array.from({ length: 50 }, (_, index) => `select ${index}`);

test("one kind of fault happens to frail statements, always the same ones, and to no others", () => {
  const faults = bench(FRAIL);
  const hit = statements.filter((each) => faults.happens("connectionLost", each));
  expect(hit.length).toBeGreaterThan(2);
  expect(hit.length).toBeLessThan(20);
  expect(statements.filter((each) => faults.happens("answerLost", each))).toEqual([]);
  expect(statements.filter((each) => bench(FRAIL).happens("connectionLost", each))).toEqual(hit);
  faults.stop();
  expect(statements.filter((each) => faults.happens("connectionLost", each))).toEqual([]);
});

test("frail statements fail so often and no oftener: whatever needs them goes on", () => {
  const faults = bench(FRAIL);
  const hits = Array.from({ length: 20 }, () => statements.filter((each) => faults.happens("connectionLost", each)));
  expect(hits.at(0)?.length).toBeGreaterThan(2);
  expect(hits.at(-1)).toEqual([]);
});

test("without frail statements all are alike", () => {
  const faults = bench(null);
  expect(statements.filter((each) => faults.happens("connectionLost", each))).toEqual([]);
});
