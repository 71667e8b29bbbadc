/**
 * What must hold of a payment: while there is work, something in the tables will go on with it; what is tried again is
 * not tried for longer than it may be; what is given back is given back before the order says so; and when nothing is
 * under way its books agree with the provider's.
 */
import { doubledPauseMs } from "../../runtime/backoff.ts";
import type { Deadlines } from "../../runtime/module.ts";
import type { Contents } from "./platform-contents.ts";

type Payment = Contents["payments"][number];

/** As `payment` has it (payment.ts): stated here once more, so that a change there is seen. */
const BACKOFF = { firstMs: 500, mostMs: 30_000 };
const pauseTimer = (work: string) => (work === "manual_refund" ? "manual-refund-again" : "again");

/** At any moment. Work of which an operator has discarded something may wait for ever. */
export function paymentViolations(
  contents: Contents,
  { paymentRetryForMs }: Pick<Deadlines, "paymentRetryForMs">,
  { discarded }: { readonly discarded: ReadonlySet<string> },
): string[] {
  const { payments, orders, history, timers, intents, deadLetters } = contents;
  const dueMs = new Map(timers.map((timer) => [timer.name, timer.dueMs]));
  const calls = new Set(intents);
  const parked = new Set(deadLetters.flatMap(({ module, key }) => (module === "payment" ? [key] : [])));
  const closed = new Set(history.flatMap(({ key, type }) => (type === "OrderResolved" ? [key] : [])));
  const returned = new Set(orders.flatMap(({ id, status }) => (status === "RETURNED" && !closed.has(id) ? [id] : [])));

  const isCarriedOn = ({ key, work, paused }: Payment) => {
    if (work === "await_customer") return dueMs.has(`payment customer-action of ${key}`);
    return paused ? dueMs.has(`payment ${pauseTimer(work)} of ${key}`) : calls.has(`payment ${work} of ${key}`);
  };

  return payments.flatMap((payment) => {
    const { key, status, work, paused, voidFor, failures, createdMs, captured, refunded } = payment;
    const found: string[] = [];
    if (work !== "none" && !isCarriedOn(payment) && !parked.has(key) && !discarded.has(key))
      found.push(`the payment of order ${key} is at work (${work}), and nothing in its tables goes on with it`);
    const againMs = dueMs.get(`payment again of ${key}`);
    const latestMs = createdMs + paymentRetryForMs + doubledPauseMs(Math.max(1, failures), BACKOFF);
    if (work === "authorise" && status === "PENDING" && paused && voidFor === null && (againMs ?? 0) > latestMs)
      found.push(`the payment of order ${key} is tried again ${(againMs ?? 0) - latestMs} ms later than it may be`);
    if (returned.has(key) && captured !== refunded)
      found.push(`order ${key} is RETURNED, and only ${refunded} of ${captured} went back`);
    return found;
  });
}

/** Where nothing is under way: what the payment says was taken and given back is what the provider has done. */
export function booksOf(id: string, { payments, charges }: Pick<Contents, "payments" | "charges">): string[] {
  const payment = payments.find(({ key }) => key === id);
  if (payment === undefined) return [];
  const sum = (of: "captured" | "refunded") =>
    charges.reduce((all, charge) => (charge.key.startsWith(`${id}:`) ? all + charge[of] : all), 0);
  return (["captured", "refunded"] as const).flatMap((what) =>
    sum(what) === payment[what]
      ? []
      : [`the payment of order ${id} has ${payment[what]} ${what}, the provider's books ${sum(what)}`],
  );
}
