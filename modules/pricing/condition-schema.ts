/** Under which conditions a coupon or a promotion applies, as the API takes and shows them. */
import * as z from "zod";
import { currencySchema, type Money, minorUnitsSchema, moneySchema } from "../../runtime/money.ts";
import type { Validity } from "./validity.ts";

/** The last moment that is written with four digits of a year: many write it for "never". */
const LAST_MS = Date.UTC(10_000, 0) - 1;
const moment = z.iso.datetime({ offset: true, abort: true }).refine((text) => {
  const ms = Date.parse(text);
  return ms >= 0 && ms <= LAST_MS;
}, "must be a time from 1970 to 9999");

export const conditions = {
  validFrom: moment.optional(),
  validUntil: moment.optional().describe("From this moment on it is over."),
  minimumSpend: z
    .strictObject({ amount: minorUnitsSchema, currency: currencySchema })
    .optional()
    .describe("The least subtotal, before any discount; for orders in its currency alone."),
};

type Given = z.infer<z.ZodObject<typeof conditions>>;

export const endsAfterItBegins = ({ validFrom, validUntil }: Given): boolean =>
  validFrom === undefined || validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil);

/** What is said of those that do not. */
export const ENDS_TOO_EARLY = { path: ["validUntil"], message: "must be after validFrom" };

export const shownConditions = {
  validFrom: z.iso.datetime().optional(),
  validUntil: z.iso.datetime().optional(),
  minimumSpend: moneySchema.optional(),
};

interface Conditions extends Validity {
  readonly minimumSpend: Money | null;
}

export const conditionsOf = ({ validFrom, validUntil, minimumSpend }: Given): Conditions => ({
  validFrom: validFrom === undefined ? null : Date.parse(validFrom),
  validUntil: validUntil === undefined ? null : Date.parse(validUntil),
  minimumSpend: minimumSpend ?? null,
});

/** What does not restrict is left out. */
export const shownConditionsOf = ({ validFrom, validUntil, minimumSpend }: Conditions) => ({
  ...(validFrom === null ? {} : { validFrom: new Date(validFrom).toISOString() }),
  ...(validUntil === null ? {} : { validUntil: new Date(validUntil).toISOString() }),
  ...(minimumSpend === null ? {} : { minimumSpend }),
});
