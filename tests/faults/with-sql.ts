import postgres, { type Sql } from "postgres";

type Server = Readonly<Record<"host" | "user" | "database", string> & { port: number }>;

/** Works on a database past the platform, as its superuser, through a connection of its own. */
export async function withSql<T>(at: string | Server, work: (sql: Sql) => Promise<T>): Promise<T> {
  const one = { max: 1, onnotice: () => undefined };
  const sql = typeof at === "string" ? postgres(at, one) : postgres({ ...at, ...one });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
