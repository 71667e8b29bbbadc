/**
 * Where a parcel goes may be changed until somebody wants to take it: from then on it may carry its address already. Tax
 * and shipping were paid for one country, so it stays in that. What the order itself was placed with does not change.
 */

import type { Address } from "../../runtime/address.ts";
import { requestCommand } from "../../runtime/http/command-request.ts";
import { ProblemError, refusal } from "../../runtime/http/problem.ts";
import type { OperatorAction } from "../../runtime/messages/audit.ts";
import type { Command } from "../../runtime/messages/decision.ts";
import { known, type Shipment } from "./shipment.ts";
import type { StepDeps } from "./step-request.ts";

export type AddressAnswer =
  | { readonly kind: "changed"; readonly shipment: Shipment }
  | { readonly kind: "too late"; readonly why: string }
  | { readonly kind: "another country"; readonly country: string };

export const changeAddress: Command<Shipment, never, Address, AddressAnswer> = {
  name: "change-address",
  decide(shipment, address, { now }) {
    const present = known(shipment);
    if (present.status !== "SCHEDULED")
      return { answer: { kind: "too late", why: `The delivery is ${present.status}` } };
    if (present.dispatchAskedAt !== null)
      return { answer: { kind: "too late", why: "The parcel's dispatch was asked for already" } };
    const { country } = present.address;
    if (address.country !== country) return { answer: { kind: "another country", country } };
    const changed: Shipment = { ...present, address, updatedAt: now };
    return { state: changed, answer: { kind: "changed", shipment: changed } };
  },
};

export interface AddressRequest {
  readonly address: Address;
  readonly traceparent: string | null;
  readonly operator: OperatorAction | null;
}

/** The delivery with its new address. Throws a `ProblemError`: 409 when it is too late, 422 for another country. */
export async function requestAddressChange(
  deps: StepDeps,
  shipment: Shipment,
  { address, traceparent, operator }: AddressRequest,
): Promise<Shipment> {
  const result = await requestCommand(deps, {
    command: changeAddress,
    key: shipment.orderId,
    input: address,
    claim: null,
    status: 200,
    reference: shipment.id,
    traceparent,
    operator,
    isRefused: ({ kind }) => kind !== "changed",
  });
  if (result.kind === "replayed") throw new Error("a request without a key was taken for a repetition");
  const { answer } = result;
  switch (answer.kind) {
    case "changed":
      return answer.shipment;
    case "too late":
      throw new ProblemError(
        refusal(409, "address-fixed", "The address cannot be changed any more", `${answer.why}: its address stays.`),
      );
    case "another country": {
      const message = `must be ${answer.country}: tax and shipping were paid for that`;
      throw new ProblemError(
        refusal(422, "address-country", "The parcel must stay in its country", `body.country ${message}.`, [
          { field: "body.country", message },
        ]),
      );
    }
  }
}
