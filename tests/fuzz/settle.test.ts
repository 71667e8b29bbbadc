import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { settle } from "./settle.ts";

/** Orders by id, and what reconcile answers; a stand-in moves an order on as its platform would. */
let orders: Map<string, string>;
let violations: { invariant: string; subject: string; detail: string }[];
let asked: string[];
let server: ReturnType<typeof Bun.serve>;

const NEXT: Readonly<Record<string, string>> = {
  "PENDING cancel": "CANCELLED",
  "SHIPPED deliver": "DELIVERED",
  "NEEDS_ATTENTION resolve": "CANCELLED",
};

beforeEach(() => {
  orders = new Map();
  violations = [];
  asked = [];
});

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const [, , , collection = "", id = "", step] = pathname.split("/");
      if (pathname.endsWith("/ops/reconcile")) return Response.json({ ok: violations.length === 0, violations });
      if (collection === "deliveries" && id === "")
        return Response.json({ items: [{ id: searchParams.get("orderId"), status: "IN_TRANSIT" }] });
      const status = orders.get(id);
      if (status === undefined) return Response.json({}, { status: 404 });
      if (step !== undefined) {
        asked.push(`${status} ${step}`);
        orders.set(id, NEXT[`${status} ${step}`] ?? status);
      }
      return Response.json({ id, status: orders.get(id) });
    },
  });
});
afterAll(() => server.stop(true));

const settled = async () => {
  const url = `http://127.0.0.1:${server.port}`;
  const findings = await settle([...orders.keys(), "unknown"], { url, token: "operator", timeoutMs: 400 });
  return findings.map(({ operation, detail }) => `${operation}: ${detail}`).sort();
};
const UNKNOWN = "order unknown: was acknowledged, and is now 404";

test("orders are brought to their end from wherever they stand, and one that is not known is found", async () => {
  for (const status of ["PENDING", "SHIPPED", "NEEDS_ATTENTION", "COMPLETED"]) orders.set(status, status);
  expect(await settled()).toEqual([UNKNOWN]);
  expect(asked.sort()).toEqual(["NEEDS_ATTENTION resolve", "PENDING cancel", "SHIPPED deliver"]);
});

test("an order that does not end is found, and so is every invariant that reconcile says is broken", async () => {
  orders.set("stuck", "RETURNING");
  violations = [{ invariant: "money", subject: "order 1", detail: "refunded too much" }];
  expect(await settled()).toEqual([
    "GET /api/v1/ops/reconcile: money, order 1: refunded too much",
    "order stuck: is still RETURNING",
    UNKNOWN,
  ]);
});
