/**
 * Answers `holdCoupon`: prices a basket with a coupon and holds a use of it for an order that is about to be placed.
 *
 * Price and hold are one answer, and the hold is one commit, so whoever has the answer has the use. The request's key is
 * written in that commit: a repetition, at any replica, finds the first hold with its order id and renews it. A refused
 * coupon leaves nothing behind. Without an answer the caller asks again with the same key; what it never comes back for
 * is released some time later (coupon-hold.ts).
 */
import type { z } from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { bodyHash } from "../../runtime/http/idempotency.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import type { CommandOptions, CommandResult } from "../../runtime/messages/item.ts";
import type { ModuleCommands } from "../../runtime/module.ts";
import { RpcUnavailable } from "../../runtime/rpc/port.ts";
import { CODE_PATTERN, type holdCoupon } from "./contract.ts";
import { type CouponHold, type HoldAnswer, type HoldRequest, holdCommands, type UseCount } from "./coupon-hold.ts";
import { naming, type PricingBasis } from "./pricing-basis.ts";

type Request = z.infer<typeof holdCoupon.request>;
type Response = z.infer<typeof holdCoupon.response>;

export interface HolderDeps {
  readonly basisOf: PricingBasis;
  readonly commands: ModuleCommands<CouponHold, UseCount>;
  readonly clock: Clock;
  /** How long after it was last held `order` is asked about a hold. */
  readonly orphanAfterMs: number;
}

/** Less than `order` waits for the answer. */
const COMMAND_TIMEOUT_MS = 4_000;

/** Answers `holdCoupon`. Rejects with `RpcUnavailable` where nothing can be decided now. */
export function createCouponHolder(deps: HolderDeps): (request: Request) => Promise<Response> {
  const { basisOf, commands, clock } = deps;
  const { hold, renew } = holdCommands(deps.orphanAfterMs);

  /**
   * A refusal writes nothing that could show that another replica was first: it may count the very use that it had just
   * taken for this request. So only a second one holds.
   */
  async function renewed(orderId: string, request: HoldRequest, options: CommandOptions): Promise<HoldAnswer> {
    const first = await decided(commands.execute(renew, orderId, request, options));
    return first.kind === "held" ? first : decided(commands.execute(renew, orderId, request, options));
  }

  async function held(request: HoldRequest, { holdKey, orderId }: Request): Promise<Response> {
    const options = { expiresMs: clock.now() + COMMAND_TIMEOUT_MS };
    const first = await commands.execute(hold, orderId, request, {
      ...options,
      idempotency: { scope: holdKey, bodyHash: hashOf(request.code), status: 200, reference: orderId },
    });
    if (first.kind === "decided") return answerOf(first.answer, orderId);
    if (first.kind === "keyReused")
      return refused("another coupon is held under this Idempotency-Key; send a new key for a new order");
    return answerOf(await renewed(first.reference, request, options), first.reference);
  }

  return async (request) => {
    const { couponCode, customerId } = request;
    const basis = await basisOf(request);
    if (basis.kind === "refused") return basis;
    if (!CODE_PATTERN.test(couponCode)) return refused("there is no such coupon; leave it out");
    const answer = await held({ code: couponCode, customerId, basis }, request).catch((error: unknown) => {
      if (!(error instanceof CommandUnavailable)) throw error;
      throw new RpcUnavailable(`no coupon can be held now: ${error.message}`);
    });
    return naming(request, answer);
  };
}

/** The answer of a command without a key, which can only be decided. */
async function decided(result: Promise<CommandResult<HoldAnswer>>): Promise<HoldAnswer> {
  const given = await result;
  if (given.kind === "decided") return given.answer;
  throw new Error(`a hold was not renewed: ${given.kind}`);
}

const hashOf = (code: string) => bodyHash(new TextEncoder().encode(code));

const answerOf = (answer: HoldAnswer, orderId: string): Response =>
  answer.kind === "held" ? { ...answer.price, orderId } : refused(answer.why);

const refused = (message: string): Response => ({
  kind: "refused",
  errors: [{ field: "/couponCode", code: "coupon_not_valid", message }],
});
