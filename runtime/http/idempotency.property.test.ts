import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Principal } from "../identity/principal.ts";
import { anyText, verify } from "../property.fixture.ts";
import { bodyHash, idempotencyClaim, idempotencyKey, idempotencyScope } from "./idempotency.ts";
import { ProblemError } from "./problem.ts";

const UUID8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Few values a part, so that draws often differ in one of them only; and texts that could run into each other. */
const part = fc.oneof(fc.constantFrom("a", "b", "ab", '","', "a b", ""), anyText);
const caller = { issuer: part, role: fc.constantFrom<Principal["role"]>("customer", "operator"), subject: part };
const principal = fc.record({
  ...caller,
  scopes: fc.array(part, { maxLength: 2 }),
  expiresAtMs: fc.nat(),
});
const parts = { principal: fc.option(principal, { freq: 6 }), method: part, path: part, key: part };
const request = fc.record(parts);
interface Named {
  readonly principal: Principal | null;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

const scopeOf = ({ principal: caller, method, path, key }: Named) => idempotencyScope(caller, method, path, key);
const namesOf = ({ principal: caller, method, path, key }: Named) => [
  caller && [caller.issuer, caller.role, caller.subject],
  method,
  path,
  key,
];

test("a scope is the same for the same caller, method, path and key, and another as soon as one of them differs", () => {
  const change = fc.record({
    caller: fc.record(caller, { requiredKeys: [] }),
    rest: fc.oneof(fc.constant({}), fc.record(parts, { requiredKeys: [] })),
  });
  verify(
    fc.property(request, change, (first, { caller: other, rest }) => {
      const second: Named = { ...first, principal: first.principal && { ...first.principal, ...other }, ...rest };
      const same = Bun.deepEquals(namesOf(first), namesOf(second));
      expect(scopeOf(first)).toMatch(UUID8);
      expect(scopeOf(first) === scopeOf(second)).toBe(same);
      // How long a token lasts and what it may do besides are no part of who calls.
      const renewed = first.principal && { ...first.principal, scopes: ["*"], expiresAtMs: 9e15 };
      expect(scopeOf({ ...first, principal: renewed })).toBe(scopeOf(first));
    }),
    500,
  );
});

test("no two scopes run into each other, wherever the same text is cut into its parts", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 4, maxLength: 4 });
  const words = fc.array(fc.constantFrom("", "a", "b", '"', "[", "null"), { minLength: 8, maxLength: 8 });
  const joint = fc.constantFrom("", ",", '","', " ", "/", "\n");
  verify(
    fc.property(words, joint, cuts, cuts, (list, between, ...both) => {
      const [one, other] = both.map((at) => {
        const [a = 0, b = 0, c = 0, d = 0] = at.sort((x, y) => x - y);
        const cut = (from: number, to: number) => list.slice(from, to).join(between);
        const principal: Principal = {
          issuer: cut(0, a),
          role: "customer",
          subject: cut(a, b),
          scopes: [],
          expiresAtMs: 0,
        };
        return { principal, method: cut(b, c), path: cut(c, d), key: cut(d, list.length) };
      });
      if (!one || !other) throw new Error("there are two");
      expect(scopeOf(one) === scopeOf(other)).toBe(Bun.deepEquals(namesOf(one), namesOf(other)));
    }),
    500,
  );
});

test("a body's hash is the same for the same bytes, and another for any others", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  verify(
    fc.property(bytes, bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, other, at, by) => {
      expect(bodyHash(one)).toMatch(UUID8);
      expect(bodyHash(one.slice())).toBe(bodyHash(one));
      expect(bodyHash(one) === bodyHash(other)).toBe(Buffer.from(one).equals(Buffer.from(other)));
      if (one.length > 0)
        expect(bodyHash(one.map((byte, index) => (index === at % one.length ? byte ^ by : byte)))).not.toBe(
          bodyHash(one),
        );
      expect(idempotencyClaim(null, "POST", "/", "k", one).bodyHash).toBe(bodyHash(one));
    }),
  );
});

test("a key is taken as it was sent, or refused with a 400 that says what to do", () => {
  // What a header can carry at all.
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const long = fc.integer({ min: 250, max: 260 }).map((length) => "k".repeat(length));
  verify(
    fc.property(fc.oneof(text, long, fc.stringMatching(/^[!-~]{1,40}$/), fc.uuid()), (key) => {
      const sent = new Request("http://h/", { headers: { "idempotency-key": key } });
      const received = sent.headers.get("idempotency-key") ?? "";
      const good = /^[\x21-\x7e]{1,255}$/.test(received);
      try {
        expect(idempotencyKey(sent, "required")).toBe(received);
        expect(good).toBe(true);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        expect([good, error.problem.status]).toEqual([false, 400]);
        expect(error.problem.errors?.[0]).toEqual({
          field: "header.Idempotency-Key",
          message: "must be 1 to 255 visible ASCII characters without spaces",
        });
      }
    }),
  );
});
