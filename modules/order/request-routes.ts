/** The routes by which customers and operators change an order that is under way. What they ask: requests.ts. */
import * as z from "zod";
import { requestCommand } from "../../runtime/http/command-request.ts";
import { etag } from "../../runtime/http/etag.ts";
import { ifMatchHeader, namesVersion, versionMismatch } from "../../runtime/http/if-match.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import type { Reply } from "../../runtime/http/reply.ts";
import { unknownObject } from "../../runtime/http/rights.ts";
import { type IdempotencyClaim, type Route, route } from "../../runtime/http/route.ts";
import { line } from "../../runtime/http/typed-line.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import type { Command } from "../../runtime/messages/decision.ts";
import { orderSchema, shownOrder } from "./api.ts";
import type { Order } from "./order.ts";
import { type Answer, type AsRead, cancelOrder, resolutions, resolveOrder, returnOrder } from "./requests.ts";
import { type OrderRouteDeps, orderInPath, orderPath } from "./route-deps.ts";

const ACCEPTED = 202;

interface Request {
  readonly object: Stored<Order>;
  readonly idempotency: IdempotencyClaim | null;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
}

/** Runs the command on the order, and answers with the order as it is then. */
async function ask<Input>(
  deps: OrderRouteDeps,
  { object: { key }, idempotency: claim, traceparent, operator }: Request,
  command: Command<Order, never, Input, Answer>,
  input: Input,
): Promise<Reply> {
  const isRefused = ({ kind }: Answer) => kind !== "accepted";
  const about = { claim, status: ACCEPTED, reference: key, traceparent, operator };
  const result = await requestCommand(deps, { command, key, input, ...about, isRefused });
  if (result.kind === "decided" && result.answer.kind === "refused")
    throw new ProblemError(refusal(409, "order-state", "The order does not allow this now", result.answer.why));
  if (result.kind === "decided" && result.answer.kind === "changed")
    throw new ProblemError(versionMismatch("The order is not of the version that If-Match names. Read it again."));
  const stored = await deps.find(key);
  if (!stored) throw unknownObject("order", key);
  return { status: ACCEPTED, body: shownOrder(stored), headers: { etag: etag(stored.version) } };
}

/** The order that `If-Match` speaks of. Whether it is still so is decided on its row. */
const asRead = ({ state, version }: Stored<Order>, ifMatch: string): AsRead =>
  namesVersion(ifMatch, version) ? state : null;

const by = ({ role }: Principal) => ({ by: role });
const reason = line(500).meta({ example: "too small" });

const responses = {
  [ACCEPTED]: { description: "The order, which goes on from here by itself.", schema: orderSchema },
  404: { description: "There is no such order, or it is somebody else's." },
  409: { description: "It is too late, or too early; the problem's detail says which." },
};

export const requestRoutes: readonly Route<OrderRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/orders/{id}/cancel",
    rights: { callers: "customers and operators", scope: "order:write", object: orderInPath },
    tag: "order",
    summary: "Cancel an order",
    description:
      "Until the parcel has left. Everything is undone, and then the order is CANCELLED; if the parcel turns out to have left, its history says `cancel_refused` and it goes on.",
    params: orderPath,
    idempotency: "accepted",
    body: z.strictObject({}).optional(),
    bodyExample: {},
    headers: z.object(ifMatchHeader),
    responses: { ...responses, 412: { description: "The order is not of the version that `If-Match` names." } },
    handle(request, deps: OrderRouteDeps) {
      const ifMatch = request.headers["if-match"];
      return ask(deps, request, cancelOrder(deps.deadlines), {
        ...by(request.principal),
        ...(ifMatch === undefined ? {} : { onlyAs: asRead(request.object, ifMatch) }),
      });
    },
  }),
  route({
    method: "POST",
    path: "/api/v1/orders/{id}/returns",
    rights: { callers: "customers and operators", scope: "order:write", object: orderInPath },
    tag: "order",
    summary: "Return a delivered order",
    description: "As long as its return window is open. What was bought is restocked, what was paid is refunded.",
    params: orderPath,
    idempotency: "accepted",
    body: z.strictObject({ reason }),
    bodyExample: { reason: "too small" },
    responses,
    handle: (request, deps: OrderRouteDeps) =>
      ask(deps, request, returnOrder(deps.deadlines), { ...by(request.principal), reason: request.body.reason }),
  }),
  route({
    method: "POST",
    path: "/api/v1/orders/{id}/resolve",
    rights: { callers: "operators", scope: "order:write", object: orderInPath },
    tag: "order",
    summary: "Take care of an order in NEEDS_ATTENTION",
    description:
      "`retry`: what was asked is asked once more. `cancel`: everything is undone. `close`: what could not be undone was settled by hand, the rest is undone, and the order ends as it was about to. The reason stands in the history, which the customer can read.",
    params: orderPath,
    idempotency: "accepted",
    body: z.strictObject({ action: z.enum(resolutions), reason }),
    bodyExample: { action: "retry", reason: "The provider works again." },
    responses,
    handle: (request, deps: OrderRouteDeps) => ask(deps, request, resolveOrder(deps.deadlines), request.body),
  }),
];
