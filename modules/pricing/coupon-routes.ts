import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { couponCodeSchema } from "./contract.ts";
import type { Coupon } from "./coupon.ts";
import { couponOfRequest, couponSchema, newCouponExample, newCouponSchema, shownCoupon } from "./coupon-schema.ts";
import { addCoupon, findCoupon, listCoupons } from "./coupon-store.ts";
import { keyedWrite, type WriteRequest } from "./keyed-write.ts";

const cursorSchema = z.tuple([couponCodeSchema]);

export interface CouponRouteDeps {
  readonly database: Database;
  readonly clock: Clock;
}

export const couponRoutes: readonly Route<CouponRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/pricing/coupons",
    rights: { callers: "operators", scope: "pricing:write", object: "shared" },
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
    handle: ({ body, idempotency: claim, operator }, deps: CouponRouteDeps) =>
      make(deps, couponOfRequest(body), { claim, operator }),
  }),
  route({
    method: "GET",
    path: "/api/v1/pricing/coupons",
    rights: { callers: "operators", scope: "pricing:read", object: "shared" },
    tag: "pricing",
    summary: "List the coupons, ordered by code",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of coupons.", schema: pageOf(couponSchema) } },
    async handle(request, { database }: CouponRouteDeps) {
      const page = pageRequest(request, cursorSchema);
      const found = await listCoupons(database, page.after?.[0] ?? null, page.limit + 1);
      return page.reply(found, (item) => [item.code], shownCoupon);
    },
  }),
];

async function make({ database, clock }: CouponRouteDeps, coupon: Coupon, request: WriteRequest) {
  const body = await keyedWrite(
    database,
    request.claim,
    async () => {
      if (await addCoupon(database, coupon, request, clock.now())) return { ...coupon, uses: 0 };
      const detail = `${coupon.code} is taken: choose another code.`;
      throw new ProblemError(refusal(409, "coupon-exists", "There is such a coupon already", detail));
    },
    (code) => findCoupon(database, code),
  );
  return { status: 201, body: shownCoupon(body) };
}
