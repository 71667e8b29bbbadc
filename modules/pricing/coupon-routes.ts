import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { type Database, DatabaseError } from "../../runtime/database/port.ts";
import { keyReused } from "../../runtime/http/command-request.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { refusal } from "../../runtime/http/problem.ts";
import { problemReply, type Reply } from "../../runtime/http/reply.ts";
import { type IdempotencyClaim, type Route, route } from "../../runtime/http/route.ts";
import { findEarlierRequest } from "../../runtime/messages/earlier-request.ts";
import type { Coupon } from "./coupon.ts";
import {
  couponCodeSchema,
  couponOfRequest,
  couponSchema,
  newCouponExample,
  newCouponSchema,
  shownCoupon,
} from "./coupon-schema.ts";
import { addCoupon, findCoupon, listCoupons } from "./coupon-store.ts";

const cursorSchema = z.tuple([couponCodeSchema]);

export interface CouponRouteDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export const couponRoutes: readonly Route<CouponRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/pricing/coupons",
    access: "operator",
    scope: "pricing:write",
    tag: "pricing",
    summary: "Make a coupon",
    description: "It can be used as soon as the answer is there. Its terms never change.",
    idempotency: "accepted",
    body: newCouponSchema,
    bodyExample: newCouponExample,
    responses: {
      201: { description: "The coupon.", schema: couponSchema },
      409: { description: "There is a coupon of that code already." },
    },
    handle: ({ body, idempotency }, deps: CouponRouteDeps) => make(deps, couponOfRequest(body), idempotency),
  }),
  route({
    method: "GET",
    path: "/api/v1/pricing/coupons",
    access: "operator",
    scope: "pricing:read",
    tag: "pricing",
    summary: "List the coupons, ordered by code",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of coupons.", schema: pageOf(couponSchema) } },
    async handle({ query }, { database }: CouponRouteDeps) {
      const after = decodeCursor(cursorSchema, query.cursor);
      const limit = query.limit ?? PAGE_LIMIT;
      const found = await listCoupons(database, after?.[0] ?? null, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = last && found.length > limit ? encodeCursor([last.code]) : null;
      return { status: 200, body: { items: items.map(shownCoupon), nextCursor } };
    },
  }),
];

/** A repeated request finds its own coupon, also where its twin is a moment ahead of it. */
async function make(deps: CouponRouteDeps, coupon: Coupon, claim: IdempotencyClaim | null): Promise<Reply> {
  const { database, clock } = deps;
  try {
    if (await addCoupon(database, coupon, claim, clock.now()))
      return { status: 201, body: shownCoupon({ ...coupon, uses: 0 }) };
  } catch (error) {
    const keyTaken = claim && error instanceof DatabaseError && error.kind === "conflict";
    if (!keyTaken) throw error;
  }
  const earlier = claim && (await findEarlierRequest(database, claim));
  if (earlier?.kind === "keyReused") return problemReply(keyReused());
  const found = earlier && (await findCoupon(database, earlier.reference));
  if (found) return { status: earlier.status, body: shownCoupon(found) };
  return problemReply(
    refusal(409, "coupon-exists", "There is such a coupon already", `${coupon.code} is taken: choose another code.`),
  );
}
