/** Where a parcel goes: baskets are priced for an address, orders keep it, deliveries carry it. */
import * as z from "zod";
import { line } from "./http/typed-line.ts";

export const addressSchema = z.object({
  name: z.string(),
  line1: z.string(),
  line2: z.string().optional(),
  city: z.string(),
  region: z.string().optional(),
  postalCode: z.string(),
  country: z.string(),
});

export const countrySchema = z.string().regex(/^[A-Z]{2}$/, "use a two-letter ISO 3166-1 code such as US");

/** An address as whoever orders or moves may give it. */
export const givenAddressSchema = z.strictObject({
  name: line(200),
  line1: line(200),
  line2: line(200).optional(),
  city: line(100),
  region: line(100).optional(),
  postalCode: line(20),
  country: countrySchema,
});

export type Address = z.infer<typeof addressSchema>;

/** For documents. */
export const addressExample = {
  name: "Alice Chen",
  line1: "1 Main Street",
  city: "Seattle",
  region: "WA",
  postalCode: "98101",
  country: "US",
};
