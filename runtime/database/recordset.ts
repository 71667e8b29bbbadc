/**
 * Set-based reads and writes of a drizzle table: rows travel as one JSON parameter and are spread by
 * `json_to_recordset`, which costs less on both sides than an array a column. The texts are built once a table.
 */
import { getTableColumns, getTableName, type Table } from "drizzle-orm";
import type { Row } from "./port.ts";

interface Column {
  readonly property: string;
  readonly name: string;
  readonly sqlType: string;
  readonly instant: boolean;
}

export interface Recordset {
  readonly table: string;
  readonly columns: readonly Column[];
  /** A JSON object with the table's column names. */
  readonly encode: (row: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** The row with the properties of the drizzle table. */
  readonly decode: (row: Row) => Record<string, unknown>;
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Reads a drizzle table's columns, all or `only` those of some properties; times become ISO texts on the way in and milliseconds on the way out. */
export function recordset(table: Table, only?: readonly string[]): Recordset {
  const columns = Object.entries(getTableColumns(table))
    .filter(([property]) => only?.includes(property) ?? true)
    .map(([property, column]) => ({
      property,
      name: column.name,
      sqlType: column.getSQLType(),
      instant: column.getSQLType().startsWith("timestamp"),
    }));
  return {
    table: quote(getTableName(table)),
    columns,
    encode(row) {
      const encoded: Record<string, unknown> = {};
      for (const column of columns) {
        const value = row[column.property];
        if (value === undefined || value === null) continue;
        encoded[column.name] = column.instant && typeof value === "number" ? new Date(value).toISOString() : value;
      }
      return encoded;
    },
    decode(row) {
      const decoded: Record<string, unknown> = {};
      for (const column of columns) decoded[column.property] = row[column.name];
      return decoded;
    },
  };
}

export const columnNames = (set: Recordset, prefix = "") =>
  set.columns.map((column) => `${prefix}${quote(column.name)}`).join(", ");

/** `x(...)` of a json_to_recordset with the table's columns. */
export const recordType = (set: Recordset) =>
  `x(${set.columns.map((column) => `${quote(column.name)} ${column.sqlType}`).join(", ")})`;

export const column = (set: Recordset, property: string): Column => {
  const found = set.columns.find((candidate) => candidate.property === property);
  if (!found) throw new Error(`table ${set.table} has no column for ${property}`);
  return found;
};

export const quoted = quote;
