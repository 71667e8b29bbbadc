import type { z } from "zod";
import type { couponUseFacts } from "../../../modules/pricing/contract.ts";
import type { Violation } from "./violation.ts";

type Count = z.infer<typeof couponUseFacts.response>["wrong"][number];

/** What is wrong with the count of a coupon's uses. */
export function couponViolation({ code, customerId, counted, taken, limit }: Count): Violation {
  const uses = `${counted ?? "no"} uses are counted, and orders hold or have used ${taken}`;
  return {
    invariant: "money",
    subject: customerId === null ? `coupon ${code}` : `coupon ${code} of ${customerId}`,
    detail: limit === null ? uses : `${uses} of ${limit}`,
  };
}
