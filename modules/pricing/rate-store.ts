/** The statements of tax and shipping rates: one row a country, and one a country and currency. Tables: store.ts. */
import type { Database, Row } from "../../runtime/database/port.ts";
import { audited, type OperatorAction } from "../../runtime/messages/audit.ts";
import type { ShippingBand } from "./shipping.ts";
import type { TaxRates } from "./tax.ts";

export interface CountryTax extends TaxRates {
  readonly country: string;
}

export interface ShippingRate {
  readonly country: string;
  readonly currency: string;
  readonly bands: readonly ShippingBand[];
}

const addedTaxes = "insert into tax_rate (country, inclusive, rates)";
const addedRates = "insert into shipping_rate (country, currency, bands)";
const TAXES = "select * from json_to_recordset($1::text::json) as x(country text, inclusive boolean, rates json)";
const RATES = "select * from json_to_recordset($1::text::json) as x(country text, currency text, bands json)";

/** Adds the rates of countries that have none; the others stay as they are. */
export async function addNewRates(
  database: Database,
  taxes: readonly CountryTax[],
  rates: readonly ShippingRate[],
): Promise<void> {
  const nothing = "on conflict do nothing";
  await database.query({ text: `${addedTaxes} ${TAXES} ${nothing}`, params: [JSON.stringify(taxes)] });
  await database.query({ text: `${addedRates} ${RATES} ${nothing}`, params: [JSON.stringify(rates)] });
}

/** Replaces the tax of a country. */
export async function putTax(
  database: Database,
  tax: CountryTax,
  operator: OperatorAction | null,
  atMs: number,
): Promise<void> {
  const statement = {
    text: `${addedTaxes} ${TAXES}
      on conflict (country) do update set inclusive = excluded.inclusive, rates = excluded.rates returning country`,
    params: [JSON.stringify([tax])],
  };
  await database.query(audited(statement, operator, { key: tax.country, atMs }));
}

/** Replaces the bands of a country and currency. */
export async function putShippingRate(
  database: Database,
  rate: ShippingRate,
  operator: OperatorAction | null,
  atMs: number,
): Promise<void> {
  const statement = {
    text: `${addedRates} ${RATES}
      on conflict (country, currency) do update set bands = excluded.bands returning country`,
    params: [JSON.stringify([rate])],
  };
  await database.query(audited(statement, operator, { key: rate.country, atMs }));
}

/** At most `limit` countries after one, in the order of their codes. */
export async function listTaxes(database: Database, after: string | null, limit: number): Promise<CountryTax[]> {
  const rows = await database.query({
    text: "select country, inclusive, rates from tax_rate where country > $1 order by country limit $2::integer",
    params: [after ?? "", limit],
  });
  return rows.map(taxOf);
}

/** At most `limit` rates after one, by country, then currency. */
export async function listShippingRates(
  database: Database,
  after: readonly [country: string, currency: string] | null,
  limit: number,
): Promise<ShippingRate[]> {
  const rows = await database.query({
    text: `select country, currency, bands from shipping_rate where (country, currency) > ($1, $2)
      order by country, currency limit $3::integer`,
    params: [...(after ?? ["", ""]), limit],
  });
  return rows.map(rateOf);
}

// The columns hold what the functions above have written.
const taxOf = (row: Row) => row as unknown as CountryTax;
const rateOf = (row: Row) => row as unknown as ShippingRate;
