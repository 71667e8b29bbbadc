/** What is under fire in a campaign of faults: a platform that can be struck, mended and looked into. */
import type { Sql } from "postgres";
import type { Random } from "../../runtime/random.ts";

export interface Arena {
  /** The kinds of kill that it takes. */
  readonly kinds: readonly string[];
  /** Products with room for any number of orders. */
  readonly skus: readonly string[];
  /** Where the platform can be called now; empty while none of its processes runs. */
  urls(): readonly string[];
  tokenFor(customer: string): Promise<string>;
  operatorToken(): Promise<string>;
  /** Kills with SIGKILL; resolves when the victims, and whatever must fall with them, have ended. */
  strike(kind: string, random: Random): Promise<void>;
  /** Does what a user would: starts again what has ended and does not come back by itself. */
  mend(): Promise<void>;
  /** Works on the database as its superuser, past the platform. */
  withSql<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** What the processes have said last, for a failure's report. */
  output(): string;
  /** Ends everything and removes what was made. */
  remove(): Promise<void>;
}
