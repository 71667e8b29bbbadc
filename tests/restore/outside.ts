/**
 * What the outside world remembers whatever a platform loses: the payment provider's books and the mails that went out.
 * Their stand-ins lie beside the modules' tables, so a copy of a module's database has old ones; they are put right.
 */
import type { ModuleDatabase } from "./module-databases.ts";

interface Book {
  readonly module: string;
  readonly table: string;
}

const BOOKS: readonly Book[] = [
  { module: "payment", table: "payment_simulator.charge" },
  { module: "payment", table: "payment_simulator.refund" },
  { module: "notification", table: "notification_mailbox.mail" },
];

export interface Outside {
  /** Makes the books of a module's restored database what they were when they were read. */
  putBack(database: ModuleDatabase): Promise<void>;
}

/** Reads them all. */
export async function readOutside(databases: readonly ModuleDatabase[]): Promise<Outside> {
  const kept = new Map<string, string>();
  for (const { module, table } of BOOKS) {
    const database = databases.find((each) => each.module === module);
    const [row] = (await database?.query(`select coalesce(json_agg(t), '[]')::text as rows from ${table} t`)) ?? [];
    if (row === undefined) throw new Error(`the books ${table} cannot be read`);
    kept.set(table, String(row["rows"]));
  }
  return {
    async putBack(database) {
      for (const { module, table } of BOOKS) {
        if (module !== database.module) continue;
        const rows = (kept.get(table) ?? "").replaceAll("'", "''");
        await database.query(
          `delete from ${table}; insert into ${table} select * from json_populate_recordset(null::${table}, '${rows}')`,
        );
      }
    },
  };
}
