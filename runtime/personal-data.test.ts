import { expect, test } from "bun:test";
import { errorText } from "./error-text.ts";
import { clearedError, withoutPersonal } from "./personal-data.ts";

const ADDRESS = { name: "Ann Able", line1: "1 Able Street", city: "Ableton", region: "WA", country: "US" };
const DATA = { customerId: "c-1", address: ADDRESS, lines: [{ sku: "SKU-001" }] };

test("an error's text loses the personal data of what was handled, and keeps the rest", () => {
  const text = `no way to ${ADDRESS.line1}, Ableton for Ann Able (customer c-1, SKU-001, ${JSON.stringify(ADDRESS)})`;
  const cleared = withoutPersonal(text, [DATA]);
  for (const value of ["Able", "Street", "WA"]) expect(cleared).not.toContain(value);
  for (const value of ["customer c-1", "SKU-001", '"country":"US"', "[redacted]"]) expect(cleared).toContain(value);
});

test("it is found in JSON texts within JSON texts, in lists, and as JSON writes it", () => {
  const request = JSON.stringify({ to: [{ email: 'a"b@example.org', nested: { phone: "+886912345678" } }] });
  const source = JSON.stringify({ intent: { request }, outcome: null });
  const cleared = withoutPersonal(`bad: a"b@example.org ${request} +886912345678`, [source]);
  for (const value of ["example.org", "+886"]) expect(cleared).not.toContain(value);
});

test("what is within a personal field is personal as well", () => {
  expect(withoutPersonal("pays with tok_x of Ann", [{ token: { value: "tok_x", of: ["Ann"] } }])).toBe(
    "pays with [redacted] of [redacted]",
  );
});

test("an error stays the error that it is, cleared with what is behind it", () => {
  const cause = new RangeError("1 Able Street is too far");
  const error = new TypeError("cannot go to 1 Able Street", { cause });
  expect(clearedError(error, [DATA])).toBe(error);
  expect(errorText(error)).toContain("TypeError: cannot go to [redacted]");
  expect(errorText(cause)).not.toContain("Able");
  const circular = new Error("Ann Able");
  circular.cause = circular;
  expect(String(clearedError(circular, [DATA]))).toBe("Error: [redacted]");
  expect(clearedError("no error", [DATA])).toBe("no error");
});

test("a short value goes where it is a word of its own, and where its script has no spaces between words", () => {
  const source = { name: "at", city: "王小明", region: "Á_" };
  expect(withoutPersonal("what is at 7? attached: at, fiat; 顧客王小明不存在; Á_b (Á_)", [source])).toBe(
    "what is [redacted] 7? attached: [redacted], fiat; 顧客[redacted]不存在; Á_b ([redacted])",
  );
});

test("of a stack only what comes before the places in the code is cleared", () => {
  const error = new Error("no such: test\n    at test");
  const [place = "no place"] = /\S+\.test\.ts:\d+/.exec(error.stack ?? "") ?? [];
  clearedError(error, [{ name: "test", city: "ts" }]);
  expect(error.stack).toStartWith("Error: no such: [redacted]\n    at [redacted]\n");
  expect(error.stack).toContain(place);
});

test("errors whose message cannot be assigned are cleared too, and texts that are thrown", () => {
  const aborted = new DOMException("gave up on Ann Able", "AbortError");
  expect(() => Object.assign(aborted, { message: "" })).toThrow();
  expect(errorText(clearedError(aborted, [DATA]))).toContain("AbortError: gave up on [redacted]");
  expect(clearedError("no way to 1 Able Street", [DATA])).toBe("no way to [redacted]");
});

test("what is no JSON and what is in no field of such a name is left alone", () => {
  expect(withoutPersonal("{ bad json Ann", ["{ bad json Ann", null, undefined, 7, "Ann"])).toBe("{ bad json Ann");
  expect(withoutPersonal("a b", [{ name: "a" }])).toBe("a b");
});
