/**
 * Places orders over HTTP, closed loop (each connection sends its next order when the last was answered) or open loop
 * (orders arrive at a steady rate whatever the server does; a time counts from when the order was due, so a server
 * that stalls cannot hide it). Runs in a process of its own (generator-process.ts), so that its CPU is told apart.
 *
 * An order is confirmed when the answer that `Prefer: wait=25` held back says so. Whether what follows is durable is
 * the caller's to find out from the databases.
 */
import { pick, seededRandom } from "../../runtime/random.ts";
import { type HttpConnection, httpConnection } from "./http-connection.ts";
import { type Latency, summarise } from "./latency.ts";

export interface LoadPlan {
  readonly port: number;
  readonly durationMs: number;
  /** Closed loop: how many orders are under way at a time. Open loop: at most so many; what is due waits. */
  readonly connections: number;
  /** Orders a second, evenly spaced: makes it an open loop. */
  readonly ratePerSecond?: number;
  /** One customer each, used in turn. */
  readonly tokens: readonly string[];
  /** Each order takes two different ones. */
  readonly skus: readonly string[];
  /** Begins every idempotency key: new for each run against the same database. */
  readonly keyPrefix: string;
}

export interface LoadResult {
  /** Ms since the epoch. */
  readonly firstRequestAtMs: number;
  readonly lastAnswerAtMs: number;
  readonly sent: number;
  readonly confirmed: number;
  /** How often each answer came: `201 CONFIRMED`, `409`, `0` (no answer). */
  readonly answers: Readonly<Record<string, number>>;
  /** One answer that was no confirmation, to show what went wrong. */
  readonly sampleFailure?: string;
  /** POST to the answer that says CONFIRMED. */
  readonly confirm: Latency;
  /** POST to a 429 or 503 that says when to come back. */
  readonly rejected: Latency;
  /** Of this process over the run. */
  readonly cpuMs: number;
}

/** An answer slower than the longest wait plus this is not waited for. */
const ANSWER_TIMEOUT_MS = 35_000;

/** Runs the plan to its end: until every order under way is answered, or the longest answer is overdue. */
export async function generateLoad(plan: LoadPlan): Promise<LoadResult> {
  const cpuBefore = process.cpuUsage();
  const nextRequest = requests(plan);
  const startMs = performance.now();
  const tally = createTally();
  const idle: HttpConnection[] = Array.from({ length: plan.connections }, () => httpConnection(plan.port));
  const all = [...idle];
  const firstRequestAtMs = Date.now();
  const endMs = startMs + plan.durationMs;
  let failuresInARow = 0;

  const place = (connection: HttpConnection, dueMs: number, then: () => void) => {
    tally.sent += 1;
    connection.send(nextRequest(), (status, body, head) => {
      tally.record(status, body, head, dueMs);
      failuresInARow = status === 0 ? failuresInARow + 1 : 0;
      then();
    });
  };
  const alive = () => performance.now() < endMs && failuresInARow <= plan.connections * 3;

  if (plan.ratePerSecond === undefined) {
    const loop = (connection: HttpConnection) => {
      if (!alive()) return;
      place(connection, performance.now(), () => loop(connection));
    };
    for (const connection of idle) loop(connection);
    while (alive()) await Bun.sleep(10);
  } else {
    const gapMs = 1000 / plan.ratePerSecond;
    const total = Math.floor(plan.durationMs / gapMs);
    for (let n = 0; n < total && failuresInARow <= plan.connections * 3; ) {
      const dueMs = startMs + n * gapMs;
      const connection = dueMs <= performance.now() ? idle.pop() : undefined;
      if (connection === undefined) {
        await Bun.sleep(1);
        if (performance.now() > endMs + ANSWER_TIMEOUT_MS) break;
        continue;
      }
      n += 1;
      place(connection, dueMs, () => idle.push(connection));
    }
  }
  const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS;
  while (tally.answered < tally.sent && performance.now() < deadlineMs) await Bun.sleep(2);
  for (const connection of all) connection.close();
  const cpu = process.cpuUsage(cpuBefore);
  return { firstRequestAtMs, ...tally.result(), cpuMs: (cpu.user + cpu.system) / 1000 };
}

function createTally() {
  const answers: Record<string, number> = {};
  const confirmTimesMs: number[] = [];
  const rejectTimesMs: number[] = [];
  let lastAnswerAtMs = 0;
  let sampleFailure: string | undefined;
  return {
    sent: 0,
    answered: 0,
    record(status: number, body: string, head: string, dueMs: number) {
      const nowMs = performance.now();
      this.answered += 1;
      lastAnswerAtMs = Date.now();
      if (isRejection(status, head)) {
        rejectTimesMs.push(nowMs - dueMs);
        answers[REJECTED] = (answers[REJECTED] ?? 0) + 1;
        return;
      }
      const state = stateOf(body);
      const name = state === "" ? String(status) : `${status} ${state}`;
      answers[name] = (answers[name] ?? 0) + 1;
      if (isCompleted(state)) {
        confirmTimesMs.push(nowMs - dueMs);
      } else sampleFailure ??= `${status} ${body.slice(0, 500)}`;
    },
    result() {
      const confirm = summarise(confirmTimesMs);
      const rejected = summarise(rejectTimesMs);
      const failure = sampleFailure === undefined ? {} : { sampleFailure };
      const counts = { sent: this.sent, confirmed: confirm.count, answers };
      return { ...counts, confirm, rejected, lastAnswerAtMs, ...failure };
    },
  };
}

/** How rejections are counted among the answers. */
export const REJECTED = "rejected";

/** Turned away in good order: with a whole number of seconds after which to come back. */
const isRejection = (status: number, head: string) =>
  (status === 503 || status === 429) && /\r\nretry-after: \d+(\r\n|$)/.test(head);

/** The order's own status: the first of the body, before those of anything inside it. */
function stateOf(body: string): string {
  const at = body.indexOf('"status":"');
  return at < 0 ? "" : body.slice(at + 10, body.indexOf('"', at + 10));
}

/** Whether an order in this state has been confirmed, now or earlier. */
export function isCompleted(state: string): boolean {
  return state === "CONFIRMED" || state === "FULFILLING" || state === "SHIPPED" || state === "DELIVERED";
}

function requests(plan: LoadPlan): () => string {
  const random = seededRandom(plan.keyPrefix.length * 7919 + plan.durationMs);
  const heads = plan.tokens.map(
    (token) =>
      `POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nAuthorization: Bearer ${token}\r\n` +
      "Content-Type: application/json\r\nAccept: application/json\r\nPrefer: wait=25\r\n",
  );
  let n = 0;
  return () => {
    const first = pick(random, plan.skus.length);
    const second = (first + 1 + pick(random, plan.skus.length - 1)) % plan.skus.length;
    const body =
      `{"currency":"USD","items":[{"sku":"${plan.skus[first]}","quantity":1},{"sku":"${plan.skus[second]}","quantity":1}],` +
      '"shippingAddress":{"name":"Ada Load","line1":"1 Bench Street","city":"Springfield","region":"IL","postalCode":"62701",' +
      '"country":"US"},"paymentMethod":{"token":"tok_visa"}}';
    n += 1;
    return `${heads[n % heads.length]}Idempotency-Key: ${plan.keyPrefix}-${n}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
}
