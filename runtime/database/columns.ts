import { customType } from "drizzle-orm/pg-core";

/** A moment as milliseconds since the epoch in the code, `timestamptz(3)` in the database. */
export const instant = customType<{ data: number; driverData: string }>({
  dataType: () => "timestamptz(3)",
  toDriver: (ms) => new Date(ms).toISOString(),
  fromDriver: (value) => (typeof value === "number" ? value : Date.parse(value)),
});

/**
 * JSON of a known shape, stored as `json`: the text as it came. Nothing searches inside it, and `jsonb` costs three times
 * as much to write.
 */
export const json = <Shape>(name: string) =>
  customType<{ data: Shape; driverData: unknown }>({ dataType: () => "json" })(name);

/** Minor units of a currency; safe integers in the code, `bigint` in the database. */
export const minorUnits = customType<{ data: number; driverData: number }>({ dataType: () => "bigint" });

/** A name that is compared byte by byte, so that order and ranges are the same on every server. */
export const code = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
