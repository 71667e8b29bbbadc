import { expect, test } from "bun:test";
import fc from "fast-check";
import { minorUnitsSchema, money, moneySchema } from "./money.ts";
import { verify } from "./property.fixture.ts";

const anyNumber = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 53 - 1, -(2 ** 53) + 1, 0.1 + 0.2, Number.NaN, Infinity, 1e300),
);

test("an amount is a safe integer, made or read", () => {
  verify(
    fc.property(anyNumber, (amount) => {
      const safe = Number.isSafeInteger(amount);
      expect(moneySchema.safeParse({ amount, currency: "USD" }).success).toBe(safe);
      expect(minorUnitsSchema.safeParse(amount).success).toBe(safe && amount >= 0);
      if (safe) expect(money(amount, "USD")).toEqual({ amount, currency: "USD" });
      else expect(() => money(amount, "USD")).toThrow("invariant broken");
    }),
  );
});

test("a currency is three capital letters", () => {
  verify(
    fc.property(fc.oneof(fc.string({ maxLength: 4 }), fc.stringMatching(/^[A-Za-z]{2,4}$/)), (currency) => {
      expect(moneySchema.safeParse({ amount: 1, currency }).success).toBe(/^[A-Z]{3}$/.test(currency));
    }),
  );
});
