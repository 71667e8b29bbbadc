/**
 * `POST /orders` between the request and the saga: asks `pricing` for the price, places the order in one commit, and
 * waits for the decision when the client prefers to.
 *
 * A coupon is held by `pricing` before the order is placed, under the request's own key: a repetition finds its hold and
 * the order id that it was made for. Nothing is placed when the hold may be over (COUPON_HOLD_MS after it was asked
 * for); a hold without an order is left to the request's repetition, or to `pricing`, which releases it.
 *
 * The idempotency key is written in the order's own commit, so a repeated request finds the first order, whether its
 * answer was lost or the process died. Without an answer from pricing or the database nothing is placed and the client
 * is told to send the same request again.
 */
import type { z } from "zod";
import type { Changes } from "../../runtime/changes.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import {
  COMMAND_TIMEOUT_MS,
  type CommandRequestDeps,
  keyReused,
  unavailable,
} from "../../runtime/http/command-request.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import { problemReply, type Reply } from "../../runtime/http/reply.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { TwinRequests } from "../../runtime/http/twin-requests.ts";
import type { Ids } from "../../runtime/ids.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import type { CommandResult } from "../../runtime/messages/item.ts";
import type { Deadlines } from "../../runtime/module.ts";
import type { RpcClient } from "../../runtime/rpc/port.ts";
import { holdCoupon, priceBasket } from "../pricing/contract.ts";
import { type NewOrder, shownOrder } from "./api.ts";
import { isDecided, type Order } from "./order.ts";
import { type Placement, placeOrder } from "./placement.ts";

export interface PlacingDeps extends CommandRequestDeps<Order, never> {
  readonly changes: Changes<Order>;
  readonly rpc: RpcClient;
  readonly ids: Ids;
  readonly deadlines: Deadlines;
  readonly twins: TwinRequests;
  /** The order as committed by any process. */
  readonly find: (id: string) => Promise<Stored<Order> | undefined>;
}

const PRICE_TIMEOUT_MS = 5_000;
/** Another process's changes are not seen here: look this often. */
const LOOK_EVERY_MS = 250;

interface PlacingRequest {
  readonly customerId: string;
  readonly order: NewOrder;
  readonly claim: IdempotencyClaim;
  readonly traceparent: string | null;
  readonly waitMs: number;
}

export async function place(deps: PlacingDeps, request: PlacingRequest): Promise<Reply> {
  const result = await deps.twins.run(request.claim.scope, (before) => placeOnce(deps, request, before));
  return result.kind === "decided"
    ? answer(await decision(deps, { state: result.answer, version: 1 }, request.waitMs))
    : repeated(deps, result, request.waitMs);
}

/** Places the order, or finds what was placed under its key before. */
async function placeOnce(
  deps: PlacingDeps,
  request: PlacingRequest,
  twinsBefore: Promise<unknown>,
): Promise<CommandResult<Order>> {
  let offer: Offer;
  try {
    offer = await priced(deps, request);
  } catch (reason) {
    // Prices and products change: what was placed before is answered from what was placed.
    await twinsBefore;
    const earlier = await deps.earlier(request.claim);
    if (!earlier) throw reason;
    return earlier;
  }
  const { id, placement, untilMs } = offer;
  const startedMs = deps.clock.now();
  if (startedMs >= untilMs) return unavailable(new CommandUnavailable("none", "its coupon was held too long ago"));
  return deps.lane
    .execute(placeOrder(deps.deadlines), id, placement, {
      correlationId: id,
      ...(request.traceparent === null ? {} : { traceparent: request.traceparent }),
      idempotency: { ...request.claim, status: 201, reference: id },
      expiresMs: Math.min(startedMs + COMMAND_TIMEOUT_MS, untilMs),
    })
    .catch(unavailable);
}

/** The answer to a request whose key is known: the same order, or that the key was used for another one. */
async function repeated(deps: PlacingDeps, earlier: EarlierRequest, waitMs: number): Promise<Reply> {
  if (earlier.kind === "keyReused") return problemReply(keyReused());
  const stored = await deps.find(earlier.reference);
  if (!stored) throw new Error(`order ${earlier.reference} has an idempotency key and no row`);
  return answer(await decision(deps, stored, waitMs));
}

/** What is to be placed, under which id, and until when. */
interface Offer {
  readonly id: string;
  readonly placement: Placement;
  readonly untilMs: number;
}

async function priced(deps: PlacingDeps, { customerId, order, claim }: PlacingRequest): Promise<Offer> {
  const { currency, items, shippingAddress, paymentMethod, email, couponCode } = order;
  if (order.quoteId !== undefined)
    throw refused("quote-not-valid", "There is no such quote", "body.quoteId", "there is no such quote; leave it out");
  const id = deps.ids.next();
  const basket = { currency, country: shippingAddress.country, items };
  const askedMs = deps.clock.now();
  const options = { timeoutMs: PRICE_TIMEOUT_MS };
  const asked =
    couponCode === undefined
      ? deps.rpc.call(priceBasket, basket, options).then((answer) => ({ ...answer, orderId: id }))
      : deps.rpc.call(holdCoupon, { ...basket, couponCode, customerId, holdKey: claim.scope, orderId: id }, options);
  const price = await asked.catch(unavailable);
  if (price.kind === "refused") throw notForSale(price.errors);
  const { kind: _kind, orderId, ...amounts } = price;
  return {
    id: orderId,
    placement: {
      ...amounts,
      customerId,
      couponCode: couponCode ?? null,
      shippingAddress,
      paymentToken: paymentMethod.token,
      email: email ?? null,
    },
    untilMs: couponCode === undefined ? Number.POSITIVE_INFINITY : askedMs + deps.deadlines.couponHoldMs,
  };
}

type BasketFault = Extract<z.infer<typeof holdCoupon.response>, { kind: "refused" }>["errors"][number];

function notForSale(faults: readonly BasketFault[]): ProblemError {
  const errors = faults.map(({ field, message }) => ({ field: `body${field.replaceAll("/", ".")}`, message }));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new ProblemError(
    faults.every(({ code }) => code === "coupon_not_valid")
      ? refusal(422, "coupon-not-valid", "The coupon cannot be used", detail, errors)
      : refusal(422, "not-for-sale", "The basket cannot be priced", detail, errors),
  );
}

const refused = (slug: string, title: string, field: string, message: string) =>
  new ProblemError(refusal(422, slug, title, `${field}: ${message}`, [{ field, message }]));

/** The order once it is confirmed or refused, or as it stands after `waitMs` or when the process is about to end. */
async function decision(
  deps: Pick<PlacingDeps, "changes" | "clock" | "find">,
  placed: Pick<Stored<Order>, "state" | "version">,
  waitMs: number,
) {
  const untilMs = deps.clock.now() + waitMs;
  let order = placed;
  while (!isDecided(order.state.stage) && !deps.changes.ended) {
    const leftMs = untilMs - deps.clock.now();
    if (leftMs <= 0) break;
    const { id } = order.state;
    order = (await deps.changes.next(id, Math.min(leftMs, LOOK_EVERY_MS))) ?? (await look(deps, id)) ?? order;
  }
  return order;
}

/** The order is placed: a database that is away now takes nothing back, so what is known of it will be the answer. */
const look = ({ find }: Pick<PlacingDeps, "find">, id: string) =>
  find(id).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.kind === "unavailable") return undefined;
    throw error;
  });

const answer = (order: Pick<Stored<Order>, "state" | "version">): Reply => ({
  status: 201,
  body: shownOrder(order),
  headers: { location: `/api/v1/orders/${order.state.id}` },
});
