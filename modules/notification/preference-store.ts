/** Preferences as the runtime loads and saves them: by customer, beside the orders' notices that read them. */
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import type { SharedStore } from "../../runtime/messages/aggregate.ts";
import { type CustomerPreferences, DEFAULT_PREFERENCES, type Preferences } from "./preferences.ts";

/**
 * Every customer has preferences, so that a decision can set those of one who has said nothing. There is no row to lock
 * then; of two who set them at once the later one meets the other's version and decides again. Orders only read them.
 */
export const preferenceStore: SharedStore<CustomerPreferences> = {
  lock: (customerIds) => ({
    text: `select x.customer_id, p.preferences, coalesce(p.version, 0) as version
      from unnest($1::text[]) as x(customer_id) left join preference p on p.customer_id = x.customer_id
      order by x.customer_id`,
    params: [arrayLiteral(customerIds)],
  }),
  decode: (rows) => new Map(rows.map((row) => [String(row.customer_id), preferencesIn(row)])),
  encode: ({ customerId, preferences, version }) => [{ customer_id: customerId, preferences, version: version + 1 }],
  update: {
    label: "preferences",
    sql: `insert into preference as p (customer_id, preferences, version)
      select customer_id, preferences, version from json_to_recordset($::text::json)
        as x(customer_id text, preferences json, version integer)
      on conflict (customer_id) do update set preferences = excluded.preferences, version = excluded.version
        where p.version = excluded.version - 1
      returning 1`,
  },
};

function preferencesIn(row: Row): CustomerPreferences {
  // Written by `encode` only; what a later version has added is as it is by default.
  const known = row.preferences as Partial<Preferences> | null;
  return {
    customerId: String(row.customer_id),
    preferences: { ...DEFAULT_PREFERENCES, ...known },
    version: Number(row.version),
  };
}

/** A customer's preferences as committed, or the default ones. */
export async function findPreferences(database: Database, customerId: string): Promise<Preferences> {
  const [row] = await database.query(preferenceStore.lock([customerId]));
  return row ? preferencesIn(row).preferences : DEFAULT_PREFERENCES;
}
