import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { channels, noticeKinds, noticeStatuses } from "./notice.ts";
import { findByOrder } from "./store.ts";

const notificationSchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  kind: z.enum(noticeKinds),
  channel: z.enum(channels),
  status: z.enum(noticeStatuses),
  createdAt: z.iso.datetime(),
});

/** Ids rise in the order in which notices were made. */
const cursorSchema = z.tuple([z.uuid()]);

interface Deps {
  readonly database: Database;
}

export const notificationRoutes: readonly Route<Deps>[] = [
  route({
    method: "GET",
    path: "/api/v1/notifications",
    access: "authenticated",
    scope: "notification:read",
    tag: "notification",
    summary: "Notifications about an order, in the order of their making",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's notifications.", schema: pageOf(notificationSchema) } },
    async handle({ query, principal }, { database }: Deps) {
      const after = decodeCursor(cursorSchema, query.cursor)?.[0] ?? "";
      const limit = query.limit ?? PAGE_LIMIT;
      const order = await findByOrder(database, query.orderId);
      const visible = principal.role === "operator" || order?.customerId === principal.subject;
      const rest = visible && order ? order.notices.filter(({ id }) => id > after) : [];
      const page = rest.slice(0, limit);
      const last = page.at(-1);
      return {
        status: 200,
        body: {
          items: page.map(({ id, kind, channel, status, at }) => ({
            id,
            orderId: query.orderId.toLowerCase(),
            kind,
            channel,
            status,
            createdAt: new Date(at).toISOString(),
          })),
          nextCursor: last && rest.length > limit ? encodeCursor([last.id]) : null,
        },
      };
    },
  }),
];
