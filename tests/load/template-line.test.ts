import { expect, test } from "bun:test";
import { copiedLine, cutLine, templateValues, valuesOf } from "./template-line.ts";

const placedAtMs = Date.parse("2026-11-27T18:53:49.402Z");
const HOUR_MS = 3_600_000;
const names = { customer: "bench-customer-1", skus: ["BENCH-00001", "BENCH-00002"], placedAtMs };
const copy = { index: 0, customer: "bench-customer-77", skus: ["BENCH-00500", "BENCH-00600"], shiftMs: -HOUR_MS };

function copied(line: string, change: Partial<typeof copy> = {}): string {
  const values = templateValues(names);
  return copiedLine(cutLine(values, line), valuesOf(values, { ...copy, ...change }));
}

test("times move, in whichever form they stand", () => {
  expect(copied("2026-11-27 18:53:49.402+00\t2026-11-27 18:53:50+00\t2026-12-04 18:53:49.59+00")).toBe(
    "2026-11-27T17:53:49.402Z\t2026-11-27T17:53:50.000Z\t2026-12-04T17:53:49.590Z",
  );
  expect(copied('{"at":"2026-11-27T18:53:49.402Z"}')).toBe('{"at":"2026-11-27T17:53:49.402Z"}');
  expect(copied(`{"at":${placedAtMs + 5}}`)).toBe(`{"at":${placedAtMs + 5 - HOUR_MS}}`);
});

test("numbers that are no times stay, and so does what nothing is known of", () => {
  const line = "1135\tUSD\t9999999999999\t12345678901234\t\\N\t[]\tBENCH-000010\tbench-customer-12";
  expect(copied(line)).toBe(line);
});

test("customer and products are replaced wherever they stand", () => {
  expect(copied('bench-customer-1\t[{"sku":"BENCH-00001"},{"sku":"BENCH-00002"}]\tBENCH-00001')).toBe(
    'bench-customer-77\t[{"sku":"BENCH-00500"},{"sku":"BENCH-00600"}]\tBENCH-00500',
  );
});

test("an id moves with its time, keeps the order, and is the same in every line of a copy", () => {
  const first = "01a21e5b-4ba6-7741-aab4-3cd1626a8e1e";
  const later = "01a21e5b-4cdc-74bf-88fa-a54885093bda";
  const values = templateValues(names);
  const lines = [`${first}\t${later}`, `${first}:auth:1\tsim_${first}`].map((line) => cutLine(values, line));
  const made = lines.map((line) => copiedLine(line, valuesOf(values, copy)));
  const [one = "", two = ""] = made[0]?.split("\t") ?? [];
  expect(made[1]).toBe(`${one}:auth:1\tsim_${one}`);
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7741-aab4-3cd1626a8e1e$/);
  expect(one < two && one < first).toBe(true);
  const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  expect(timeOf(first) - timeOf(one)).toBe(HOUR_MS);
  expect(copied(first, { shiftMs: -HOUR_MS + 1 })).not.toBe(one);
});

test("digests of different copies differ, and neighbours lie far apart", () => {
  const scope = "71b7ac95-55bb-8571-8b92-b6b821f419a7";
  const digests = Array.from({ length: 1_000 }, (_, index) => copied(scope, { index }));
  expect(new Set(digests).size).toBe(1_000);
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8571-8b92-b6b821f419a7$/);
  const rising = digests.filter((digest, index) => digest > (digests[index - 1] ?? ""));
  expect(rising.length).toBeLessThan(800);
});
