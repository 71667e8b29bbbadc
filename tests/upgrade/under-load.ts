/**
 * Orders under way all the time while processes come and go behind a balancer, and what must hold then: no request fails,
 * by what a client sees, every order ends right, nothing is parked, and no process misses a message of another.
 */
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { type Buyers, startBuyers } from "../faults/buyers.ts";
import { judgeSettled } from "../faults/judgement.ts";
import { withSql } from "../faults/with-sql.ts";
import { createClient, eventually } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";

export interface LoadOptions {
  readonly seed: number;
  readonly buyers: number;
  readonly skus: readonly string[];
  /** Of the balancer. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** What the processes have written. */
  readonly output: () => string;
}

export interface Load {
  /** Resolves when an order that was begun now is confirmed. */
  confirm(): Promise<void>;
  /** So far. */
  told(): string;
}

export interface Outcome {
  readonly requests: number;
  readonly failedRequests: number;
  readonly orders: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

const ORDER_PAUSE_MS = 120;
const CONFIRM_LIMIT_MS = 30_000;
const SETTLED_MS = 30_000;
/** What does not mend itself, a message that is missing or parked among it: none of it belongs to a release. */
const ALARM = /"level":"error"/;

/** Does `work` while orders are placed; it says what it finds wrong. The processes still run when it resolves. */
export async function underLoad(
  options: LoadOptions,
  work: (load: Load, violations: string[]) => Promise<void>,
): Promise<Outcome> {
  const { seed, url, output, databaseUrl, dataDir } = options;
  const buyers = await startBuyers({
    seed,
    buyers: options.buyers,
    pauseMs: ORDER_PAUSE_MS,
    skus: [...options.skus, "SKU-001", "SKU-002"],
    urls: () => [url],
    tokenFor: (customer) => tokenOf(dataDir, "customer", customer),
  });
  const found: string[] = [];
  const load: Load = {
    confirm: async () => void (await buyers.confirm(CONFIRM_LIMIT_MS)),
    told: () => `${buyers.counts.requests} requests, ${failedOf(buyers)} failed`,
  };
  try {
    await work(load, found);
  } catch (error) {
    found.push(`broke off: ${String(error)}\n${output().slice(-3_000)}`);
  }
  await buyers.stop();
  // What has left the outboxes may still lie in Kafka, while the group of a process that came or went is made anew.
  const { judged, books } = await eventually(
    async () => ({
      judged: await withSql(databaseUrl, (sql) => judgeSettled(sql, buyers.placed, SETTLED_MS)),
      books: await reconciled(url, await tokenOf(dataDir, "operator", "judge")),
    }),
    (found) => found.judged.violations.length + found.books.length === 0,
    SETTLED_MS,
  );
  const alarms = output()
    .split("\n")
    .filter((line) => ALARM.test(line));
  return {
    requests: buyers.counts.requests,
    failedRequests: failedOf(buyers),
    orders: judged.orders,
    outcomes: judged.outcomes,
    violations: [
      ...found,
      ...buyers.complaints,
      ...judged.violations,
      ...alarms.map((line) => `alarm: ${line}`),
      ...books,
    ],
  };
}

const failedOf = ({ counts }: Buyers) => counts.unanswered + counts.unavailable;

/** What the platform itself finds in its books. */
async function reconciled(url: string, token: string): Promise<string[]> {
  const answer = await createClient(url, token).send({ method: "GET", path: "/api/v1/ops/reconcile" });
  if (answer.status !== 200) return [`reconcile answered ${answer.status}: ${answer.text.slice(0, 300)}`];
  const { violations } = reconciliationSchema.parse(JSON.parse(answer.text));
  return violations.map(({ invariant, subject, detail }) => `reconcile: ${invariant}, ${subject}: ${detail}`);
}
