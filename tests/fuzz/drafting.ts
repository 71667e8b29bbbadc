/** Drafts the next request of a walk: one that a real caller could send, from the document and from what was seen. */
import { SIGNATURE_HEADER, signWebhook } from "../../runtime/http/webhook-signature.ts";
import { secret } from "../../runtime/secret.ts";
import { BODIES, EVENTS } from "./bodies.ts";
import type { Chance } from "./chance.ts";
import { type Caller, type Draft, pathOf } from "./draft.ts";
import { collectionOf, type Memory } from "./memory.ts";
import type { Operation } from "./operations.ts";

/** How much sooner than once it is chosen; what makes something new, and what drives it on, comes more often. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  "POST /api/v1/orders": 14,
  "GET /api/v1/payments": 5,
  "GET /api/v1/deliveries": 6,
  "POST /api/v1/orders/{id}/cancel": 3,
  "POST /api/v1/orders/{id}/returns": 3,
  "POST /api/v1/payments/{id}/refunds": 4,
  "POST /api/v1/deliveries/{id}/dispatch": 5,
  "POST /api/v1/deliveries/{id}/deliver": 4,
  "POST /api/v1/deliveries/{id}/fail": 2,
  "POST /api/v1/payments/webhooks/{provider}": 3,
  "POST /api/v1/deliveries/webhooks/{carrier}": 3,
  "POST /api/v1/payments/simulator/{key}/complete": 2,
  "POST /api/v1/pricing/quotes": 3,
  "POST /api/v1/inventory/{sku}/adjustments": 3,
  // Each of them asks every module for all that it has.
  "GET /api/v1/ops/reconcile": 0.1,
};

/** What operators do, or nobody. */
const OPERATED =
  /\/ops\/|\/(?:adjustments|movements|policy|resolve|refunds|dispatch|deliver|fail|disable)$|^(?:PUT|POST) \S+\/pricing\/(?!quotes)|GET \S+\/coupons$/;
const PLACED_BY_CUSTOMERS = /^POST \S+\/(?:orders|quotes)$/;
const FORM = "application/x-www-form-urlencoded";

export interface Drafter {
  readonly chance: Chance;
  readonly memory: Memory;
  /** What webhooks are signed with; null where it is not known, so that none is believed. */
  readonly webhookSecret: string | null;
  readonly nowMs: () => number;
}

/** One of the operations, with everything that it takes. */
export function draftOf(operations: readonly Operation[], drafter: Drafter): Draft {
  const { chance } = drafter;
  const operation = chance.weighted(operations.map((each) => [each, WEIGHTS[each.name] ?? 1] as const));
  const params = paramsOf(operation, drafter);
  const body = bodyOf(operation, params, drafter);
  const draft: Draft = {
    operation: operation.name,
    caller: callerOf(operation, chance),
    params,
    query: queryOf(operation, drafter),
    headers: {},
    ...(body === undefined ? {} : { body }),
  };
  return { ...draft, headers: headersOf(operation, draft, drafter) };
}

function callerOf({ name, secured }: Operation, chance: Chance): Caller {
  if (!secured) return chance.happens(0.8) ? "guest" : "customer";
  const usual = OPERATED.test(name) ? 0.1 : PLACED_BY_CUSTOMERS.test(name) ? 0.97 : 0.6;
  return chance.weighted<Caller>([
    ["customer", 90 * usual],
    ["operator", 90 * (1 - usual)],
    ["stranger", 5],
    ["guest", 2],
    ["expired", 2],
    ["garbage", 1],
  ]);
}

function paramsOf({ name }: Operation, { chance, memory }: Drafter): Record<string, string> {
  const known = (list: readonly string[] | undefined) =>
    (chance.happens(0.95) ? chance.lateOf(list ?? []) : undefined) ?? chance.uuid();
  const paramOf = (param: string) => {
    if (param === "sku")
      return name.startsWith("PUT") || chance.happens(0.1)
        ? `SKU-F${chance.between(1, 30)}`
        : (chance.lateOf(memory.skus) ?? "SKU-001");
    if (param === "country") return chance.oneOf(["US", "TW", "JP", "ZZ"]);
    if (param === "key") return `${known(memory.placed)}:auth:1`;
    if (param === "provider" || param === "carrier") return chance.happens(0.95) ? "simulator" : "nobody";
    return known(memory.ids.get(collectionOf(name)));
  };
  return Object.fromEntries([...name.matchAll(/\{([^}]+)\}/g)].map(([, param = ""]) => [param, paramOf(param)]));
}

function queryOf({ name, query }: Operation, { chance, memory }: Drafter): (readonly [string, string])[] {
  const given: (readonly [string, string])[] = [];
  for (const field of query) {
    if (field === "orderId") given.push([field, chance.lateOf(memory.placed) ?? chance.uuid()]);
    else if (field === "stuck") given.push([field, "true"]);
    else if (field === "limit" && chance.happens(0.5)) given.push([field, String(chance.oneOf([1, 2, 100]))]);
    else if (field === "cursor" && chance.happens(0.5)) {
      const cursor = chance.lateOf(memory.cursors.get(name) ?? []);
      if (cursor !== undefined) given.push([field, cursor]);
    } else if (field === "customerId" && chance.happens(0.3)) given.push([field, "somebody"]);
    else if (field === "status" && chance.happens(0.5)) given.push([field, chance.oneOf(["CONFIRMED", "CANCELLED"])]);
  }
  return given;
}

function bodyOf(operation: Operation, params: Readonly<Record<string, string>>, drafter: Drafter): string | undefined {
  const { chance, memory } = drafter;
  if (!operation.takesBody) return undefined;
  const make = EVENTS[operation.name] ?? BODIES[operation.name];
  const [param = ""] = Object.values(params);
  const content = make === undefined ? (operation.example ?? {}) : make(chance, memory, param);
  return JSON.stringify(content);
}

function headersOf(operation: Operation, draft: Draft, drafter: Drafter): Record<string, string> {
  const given: Record<string, string> = {};
  if (draft.body !== undefined) given["content-type"] = "application/json";
  else if (operation.name.includes("/simulator/{key}/")) given["content-type"] = FORM;
  for (const header of operation.headers.map((each) => each.toLowerCase())) {
    const value = headerOf(header, draft, drafter);
    if (value !== undefined) given[header] = value;
  }
  return given;
}

function headerOf(header: string, draft: Draft, { chance, memory, webhookSecret, nowMs }: Drafter): string | undefined {
  switch (header) {
    case "idempotency-key":
      return chance.happens(draft.operation === "POST /api/v1/orders" ? 0.99 : 0.6) ? chance.uuid() : undefined;
    case "prefer":
      return chance.happens(0.2) ? `wait=${chance.between(0, 2)}` : undefined;
    case "last-event-id":
      return chance.happens(0.5) ? String(chance.between(0, 5)) : undefined;
    case "if-match": {
      const read = pathOf({ ...draft, query: [] }).replace(/\/cancel$/, "");
      return chance.happens(0.4) ? (memory.etags.get(read) ?? chance.oneOf(['"1"', "*", '"0", "2"'])) : undefined;
    }
    case SIGNATURE_HEADER: {
      const signedAtMs = nowMs() + chance.oneOf([0, 0, 0, 0, 0, -400_000, 400_000]);
      const signedWith = chance.happens(0.9) ? (webhookSecret ?? "unknown") : "another";
      return signWebhook(secret(signedWith), new TextEncoder().encode(draft.body ?? ""), signedAtMs);
    }
    default:
      return undefined;
  }
}
