/**
 * After the walks every acknowledged order is brought to an end as an operator would, by cancelling what has not left and
 * delivering what has, and then the platform's own reconcile must find nothing.
 */
import * as z from "zod";
import type { Finding } from "./finding.ts";

export interface SettleOptions {
  readonly url: string;
  /** An operator's, with every scope. */
  readonly token: string;
  readonly timeoutMs: number;
}

const orderSchema = z.looseObject({ id: z.string(), status: z.string() });
const deliveriesSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), status: z.string() })) });
const reconciled = z.looseObject({
  ok: z.boolean(),
  violations: z.array(z.looseObject({ invariant: z.string(), subject: z.string(), detail: z.string() })),
});

/** Of DELIVERED only the time to send it back is left. */
const ENDED = new Set(["COMPLETED", "REJECTED", "EXPIRED", "CANCELLED", "RETURNED", "DELIVERED"]);
const AT_A_TIME = 16;
const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 40_000;

/** Resolves with what has not ended, and what reconcile found. */
export async function settle(orders: readonly string[], options: SettleOptions): Promise<Finding[]> {
  const deadline = performance.now() + options.timeoutMs;
  const waiting = [...orders];
  const findings: Finding[] = [];
  const work = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const left = await bringToEnd(id, deadline, options);
      if (left !== null) findings.push({ kind: "unfinished", operation: `order ${id}`, detail: left });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return [...findings, ...(await reconcile(options))];
}

async function bringToEnd(id: string, deadline: number, options: SettleOptions): Promise<string | null> {
  for (let asked = ""; ; ) {
    const { status, content } = await ask("GET", `/orders/${id}`, options);
    const order = orderSchema.safeParse(content).data;
    if (order === undefined) return `was acknowledged, and is now ${status}`;
    if (ENDED.has(order.status)) return null;
    if (performance.now() > deadline) return `is still ${order.status}`;
    // Once a state: what was asked for is on its way.
    if (asked !== order.status) {
      asked = order.status;
      await drive(order.id, order.status, options);
    }
    await Bun.sleep(POLL_MS);
  }
}

async function drive(id: string, status: string, options: SettleOptions): Promise<void> {
  const reason = "the fuzzing is over";
  if (status === "SHIPPED") {
    const { content } = await ask("GET", `/deliveries?orderId=${id}`, options);
    for (const delivery of deliveriesSchema.safeParse(content).data?.items ?? [])
      await ask("POST", `/deliveries/${delivery.id}/deliver`, options, {});
  } else if (status === "NEEDS_ATTENTION")
    await ask("POST", `/orders/${id}/resolve`, options, { action: "cancel", reason });
  else await ask("POST", `/orders/${id}/cancel`, options, {});
}

async function reconcile(options: SettleOptions): Promise<Finding[]> {
  const operation = "GET /api/v1/ops/reconcile";
  const { status, content } = await ask("GET", "/ops/reconcile", options);
  const found = reconciled.safeParse(content).data;
  if (found === undefined) return [{ kind: "unfinished", operation, detail: `answered ${status}` }];
  return found.violations.map(({ invariant, subject, detail }) => ({
    kind: "unfinished",
    operation,
    detail: `${invariant}, ${subject}: ${detail}`,
  }));
}

async function ask(method: string, path: string, { url, token }: SettleOptions, body?: object) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const content: unknown = await response.json().catch(() => undefined);
  return { status: response.status, content };
}
