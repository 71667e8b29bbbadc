/**
 * `POST /orders` between the request and the saga: asks `pricing` for the price, which is that of a quote where the
 * request names one, places the order in one commit, and waits for the decision when the client prefers to.
 *
 * A coupon is held by `pricing` before the order is placed, under the request's own key: a repetition finds its hold and
 * the order id that it was made for. Nothing is placed when the hold may be over (COUPON_HOLD_MS after it was asked
 * for); a hold without an order is left to the request's repetition, or to `pricing`, which releases it.
 *
 * The idempotency key is written in the order's own commit, so a repeated request finds the first order, whether its
 * answer was lost or the process died. Without an answer from pricing or the database nothing is placed and the client
 * is told to send the same request again.
 */

import {
  COMMAND_TIMEOUT_MS,
  type CommandRequestDeps,
  keyReused,
  unavailable,
} from "../../runtime/http/command-request.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import { problemReply, type Reply } from "../../runtime/http/reply.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { TwinRequests } from "../../runtime/http/twin-requests.ts";
import { waitForOutcome } from "../../runtime/http/wait-for-outcome.ts";
import type { Ids } from "../../runtime/ids.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { Changes } from "../../runtime/messages/changes.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import type { CommandResult } from "../../runtime/messages/item.ts";
import type { Deadlines } from "../../runtime/module.ts";
import type { RpcClient } from "../../runtime/rpc/port.ts";
import { noteOrder } from "../../runtime/telemetry/active-span.ts";
import { addressDigest, basketProblem, holdCoupon, priceBasket } from "../pricing/contract.ts";
import { type NewOrder, shownOrder } from "./api.ts";
import { isDecided, type Order } from "./order.ts";
import { type Placement, placeOrder } from "./place-order.ts";

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

interface PlacingRequest {
  readonly customerId: string;
  readonly order: NewOrder;
  readonly claim: IdempotencyClaim;
  readonly traceparent: string | null;
  readonly waitMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Told as soon as the order is placed. */
  readonly begun: () => void;
}

type Wait = Pick<PlacingRequest, "waitMs" | "signal">;

/** Places an order, or answers as the first request with its key was answered. */
export async function place(deps: PlacingDeps, request: PlacingRequest): Promise<Reply> {
  const result = await deps.twins.run(request.claim.scope, (before) => placeOnce(deps, request, before));
  request.begun();
  return result.kind === "decided"
    ? answer(await decision(deps, { state: result.answer, version: 1 }, request))
    : repeated(deps, result, request);
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
  noteOrder(id);
  const startedMs = deps.clock.now();
  if (startedMs >= untilMs) return unavailable(new CommandUnavailable("none", "its coupon was held too long ago"));
  return deps.lane
    .execute(placeOrder(deps.deadlines), id, placement, {
      ...(request.traceparent === null ? {} : { traceparent: request.traceparent }),
      idempotency: { ...request.claim, status: 201, reference: id },
      expiresMs: Math.min(startedMs + COMMAND_TIMEOUT_MS, untilMs),
    })
    .catch(unavailable);
}

/** The answer to a request whose key is known: the same order, or that the key was used for another one. */
async function repeated(deps: PlacingDeps, earlier: EarlierRequest, wait: Wait): Promise<Reply> {
  if (earlier.kind === "keyReused") return problemReply(keyReused());
  const stored = await deps.find(earlier.reference);
  if (!stored) throw new Error(`order ${earlier.reference} has an idempotency key and no row`);
  return answer(await decision(deps, stored, wait));
}

/** What is to be placed, under which id, and until when. */
interface Offer {
  readonly id: string;
  readonly placement: Placement;
  readonly untilMs: number;
}

async function priced(deps: PlacingDeps, { customerId, order, claim }: PlacingRequest): Promise<Offer> {
  const { currency, items, shippingAddress, paymentMethod, email, couponCode, quoteId } = order;
  const id = deps.ids.next();
  const basket = {
    currency,
    country: shippingAddress.country,
    items,
    ...(quoteId === undefined
      ? {}
      : { quote: { id: quoteId, customerId, addressDigest: addressDigest(shippingAddress) } }),
  };
  const askedMs = deps.clock.now();
  const options = { timeoutMs: PRICE_TIMEOUT_MS };
  const asked =
    couponCode === undefined
      ? deps.rpc.call(priceBasket, basket, options).then((answer) => ({ ...answer, orderId: id }))
      : deps.rpc.call(holdCoupon, { ...basket, couponCode, customerId, holdKey: claim.scope, orderId: id }, options);
  const price = await asked.catch(unavailable);
  if (price.kind === "refused") throw new ProblemError(basketProblem(price.errors));
  const { kind: _kind, orderId, quoteId: honoured, ...amounts } = price;
  // A replica of `pricing` that is about to be replaced answers with the price of now.
  if (honoured !== quoteId) unavailable(new CommandUnavailable("none", "its quote cannot be looked up yet"));
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

/**
 * The order once it is confirmed or refused, or what is known of it when the wait for that ends before: it is placed,
 * and a database that is away by then takes nothing back.
 */
const decision = (
  deps: Pick<PlacingDeps, "changes" | "clock">,
  placed: Pick<Stored<Order>, "state" | "version">,
  { waitMs, signal }: Wait,
) => waitForOutcome(deps, placed, { key: placed.state.id, waitMs, signal, isOver: ({ stage }) => isDecided(stage) });

const answer = (order: Pick<Stored<Order>, "state" | "version">): Reply => ({
  status: 201,
  body: shownOrder(order),
  headers: { location: `/api/v1/orders/${order.state.id}` },
});
