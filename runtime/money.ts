import * as z from "zod";
import { invariant } from "./invariant.ts";

/** An amount in integer minor units of an ISO 4217 currency, as the API shows it. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

export const currencySchema = z.string().regex(/^[A-Z]{3}$/, "use a three-letter ISO 4217 code such as USD");

export const moneySchema = z.object({ amount: z.int(), currency: currencySchema });

/** Minor units of one currency, not negative. */
export const minorUnitsSchema = z.int().nonnegative();

/** Whether a total is right: tax is contained in the net amount or comes on top of it, by the rules of the destination. */
export const isTotal = (total: number, net: number, tax: number): boolean => total === net || total === net + tax;

export function money(amount: number, currency: string): Money {
  invariant(Number.isSafeInteger(amount), () => `${amount} ${currency} is not a whole, safe number of minor units`);
  return { amount, currency };
}
