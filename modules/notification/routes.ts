import * as z from "zod";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { objectInQuery } from "../../runtime/http/rights.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { channels } from "./channel.ts";
import { languageOf, noticeKinds, noticeStatuses } from "./notice.ts";
import { type PreferenceRouteDeps, preferenceRoutes } from "./preference-routes.ts";
import { findByOrder } from "./store.ts";
import { textOf } from "./templates.ts";

const notificationSchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  kind: z.enum(noticeKinds),
  channel: z.enum(channels),
  status: z.enum(noticeStatuses),
  subject: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime(),
});

/** Ids rise in the order in which notices were made. */
const cursorSchema = z.tuple([z.uuid()]);

/** What the routes of notifications work with. */
export type NotificationRouteDeps = PreferenceRouteDeps;

const noticesOfOrder = objectInQuery({
  noun: "order",
  parameter: "orderId",
  find: (orderId, { database }: NotificationRouteDeps) => findByOrder(database, orderId),
  ownerOf: ({ customerId }) => customerId,
});

export const notificationRoutes: readonly Route<NotificationRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/notifications",
    rights: { callers: "customers and operators", scope: "notification:read", object: noticesOfOrder },
    tag: "notification",
    summary: "Notifications about an order, in the order of their making",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's notifications.", schema: pageOf(notificationSchema) } },
    async handle(request) {
      const page = pageRequest(request, cursorSchema);
      const [after] = page.after ?? [""];
      const rest = request.object?.notices.filter(({ id }) => id > after) ?? [];
      const orderId = request.query.orderId.toLowerCase();
      return page.reply(
        rest,
        ({ id }) => [id],
        (notice) => {
          const { id, kind, channel, status, at } = notice;
          const text = textOf(kind, languageOf(notice), orderId);
          return { id, orderId, kind, channel, status, ...text, createdAt: new Date(at).toISOString() };
        },
      );
    },
  }),
  ...preferenceRoutes,
];
