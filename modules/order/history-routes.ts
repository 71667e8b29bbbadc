/** What happened to an order, as a list and as a stream that goes on. */
import * as z from "zod";
import { EVENT_STREAM } from "../../runtime/http/event-streams.ts";
import { integerText, pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { historyEntryExample, historyEntrySchema, shownHistory } from "./api.ts";
import { historyEvents } from "./history-stream.ts";
import { hasEnded } from "./order.ts";
import { type OrderRouteDeps, orderInPath, orderPath } from "./route-deps.ts";
import { historyOf, readHistory } from "./store.ts";

const HIGHEST_SEQUENCE = 2_147_483_647;

const unknown = { description: "There is no such order, or it is somebody else's." };
const { sequence, type } = historyEntryExample;

export const historyRoutes: readonly Route<OrderRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/orders/{id}/history",
    rights: { callers: "customers and operators", scope: "order:read", object: orderInPath },
    tag: "order",
    summary: "What happened to an order",
    params: orderPath,
    query: z.strictObject(pageQuery),
    responses: {
      200: {
        description: "Events in order, from sequence 1; data.status is the state after the event.",
        schema: pageOf(historyEntrySchema),
      },
      404: unknown,
    },
    async handle(request, { database }: OrderRouteDeps) {
      const page = pageRequest(request, z.tuple([z.int().nonnegative().max(HIGHEST_SEQUENCE)]));
      const after = page.after?.[0] ?? 0;
      const found = historyOf(await database.query(readHistory(request.object.key, after, page.limit + 1)));
      return page.reply(found, ({ sequence }) => [sequence], shownHistory);
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/orders/{id}/stream",
    rights: { callers: "customers and operators", scope: "order:read", object: orderInPath },
    tag: "order",
    summary: "What happens to an order, as it happens",
    description:
      "Server-sent events: the history from sequence 1 on, then each entry as it is made. `id` is the sequence, `event` the type, `data` the entry as in the history. After a lost connection `Last-Event-ID` resumes behind that sequence, at whichever process; a comment every ten seconds shows that the stream lives. It ends when the order has ended and its history is whole, when the token expires, and when the process is about to end: then connect again with `Last-Event-ID`. Where nothing is left to be told the answer is 204, on which an EventSource stops.",
    params: orderPath,
    headers: z.object({
      "last-event-id": integerText(0, HIGHEST_SEQUENCE)
        .optional()
        .describe("The sequence of the last entry that was received; those behind it follow."),
    }),
    responses: {
      200: {
        description: "The stream. `retry` says how soon to connect again when it ends early.",
        mediaType: EVENT_STREAM,
        example: `id: ${sequence}\nevent: ${type}\ndata: ${JSON.stringify(historyEntryExample)}\n\n`,
      },
      204: { description: "The order has ended, and `Last-Event-ID` is its last entry." },
      404: unknown,
    },
    async handle(request, deps: OrderRouteDeps) {
      const { object: order, headers } = request;
      const told = headers["last-event-id"] ?? 0;
      if (hasEnded(order.state) && told >= order.state.historyLength) return { status: 204 };
      return deps.streams.open(request, (signal) => historyEvents(deps, order, told, signal));
    },
  }),
];
