import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { ProblemError, problem } from "../../runtime/http/problem.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Ids } from "../../runtime/ids.ts";
import { keyedWrite } from "./keyed-write.ts";
import type { Promotion } from "./promotion.ts";
import {
  newPromotionExample,
  newPromotionSchema,
  promotionSchema,
  shownPromotion,
  termsOfRequest,
} from "./promotion-schema.ts";
import { addPromotion, disablePromotion, findPromotion, listPromotions } from "./promotion-store.ts";

const cursorSchema = z.tuple([z.int().nonnegative()]);

export interface PromotionRouteDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
}

export const promotionRoutes: readonly Route<PromotionRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/pricing/promotions",
    rights: { callers: "operators", scope: "pricing:write", object: "shared" },
    tag: "pricing",
    summary: "Make a promotion",
    description:
      "It holds for every quote and order after the answer. Promotions apply in the order of their creation, each to what earlier ones left of a line. Terms never change; it can only be disabled.",
    idempotency: "accepted",
    body: newPromotionSchema,
    bodyExample: newPromotionExample,
    responses: { 201: { description: "The promotion.", schema: promotionSchema } },
    async handle({ body, idempotency: claim, operator }, { database, clock, ids }: PromotionRouteDeps) {
      const promotion: Promotion = { ...termsOfRequest(body), id: ids.next(), enabled: body.enabled };
      const made = await keyedWrite<Promotion>(
        database,
        claim,
        () => addPromotion(database, promotion, { claim, operator }, clock.now()).then(() => promotion),
        (id) => findPromotion(database, id),
      );
      return { status: 201, body: shownPromotion(made) };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/pricing/promotions",
    rights: { callers: "anyone", object: "shared" },
    tag: "pricing",
    summary: "List the promotions in the order of their creation, disabled ones among them",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page of promotions.", schema: pageOf(promotionSchema) } },
    async handle(request, { database }: PromotionRouteDeps) {
      const page = pageRequest(request, cursorSchema);
      const found = await listPromotions(database, page.after?.[0] ?? 0, page.limit + 1);
      return page.reply(found, (item) => [item.sequence], shownPromotion);
    },
  }),
  route({
    method: "POST",
    path: "/api/v1/pricing/promotions/{id}/disable",
    rights: { callers: "operators", scope: "pricing:write", object: "shared" },
    tag: "pricing",
    summary: "Disable a promotion for good",
    description: "It is in no quote and no order after the answer. Disabling it again changes nothing.",
    params: z.strictObject({ id: z.uuid() }),
    idempotency: "accepted",
    body: z.strictObject({}).optional(),
    bodyExample: {},
    responses: {
      200: { description: "The promotion.", schema: promotionSchema },
      404: { description: "There is no such promotion." },
    },
    async handle({ params: { id }, idempotency: claim, operator }, { database, clock }: PromotionRouteDeps) {
      const disabled = await keyedWrite(
        database,
        claim,
        async () => {
          const promotion = await disablePromotion(database, id, { claim, operator }, clock.now());
          if (promotion) return promotion;
          throw new ProblemError(problem("not-found", `There is no promotion ${id}.`));
        },
        () => findPromotion(database, id),
      );
      return { status: 200, body: shownPromotion(disabled) };
    },
  }),
];
