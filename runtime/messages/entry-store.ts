import type { Table } from "drizzle-orm";
import { columnNames, recordset, recordType } from "../database/recordset.ts";
import type { EntryStore } from "./messaging.ts";

/** A table that decisions add rows to: history, ledger. */
export function entryStore(table: Table): EntryStore {
  const set = recordset(table);
  return {
    encode: set.encode,
    insert: {
      label: `insert ${set.table}`,
      sql: `insert into ${set.table} (${columnNames(set)}) select ${columnNames(set)}
        from json_to_recordset($::text::json) as ${recordType(set)} returning 1`,
    },
  };
}
