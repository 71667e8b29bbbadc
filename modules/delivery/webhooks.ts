/**
 * Events of the carrier: where a parcel is. Guarantees: an event counts once, by its id; events in any order lead to
 * where the parcel is (carrier-reports.ts); only signed ones count (webhook-signature.ts). One of a parcel that is
 * unknown here, or of an unknown type, is acknowledged. The carrier repeats what was not acknowledged; for a parcel of
 * which nothing is heard any more an operator reports the steps.
 */
import * as z from "zod";
import type { WebhookSettings } from "../../runtime/config/webhook-settings.ts";
import { requestCommand } from "../../runtime/http/command-request.ts";
import {
  ACKNOWLEDGED,
  eventFields,
  eventFrom,
  type KnownEvents,
  type WebhookRequest,
} from "../../runtime/http/webhook-route.ts";
import { eventClaim } from "../../runtime/http/webhook-signature.ts";
import { carrierReported, reportTypes } from "./carrier-reports.ts";
import { MOST_ATTEMPTS } from "./shipment.ts";
import type { StepDeps } from "./step-request.ts";

/** What the carrier is called in the path of its webhooks. */
const CARRIER = "simulator";

/** Carriers add fields as they like. */
const reportSchema = z
  .looseObject({
    ...eventFields,
    type: z.enum(reportTypes),
    data: z.looseObject({ delivery: z.uuid(), attempt: z.int().min(1).max(MOST_ATTEMPTS).optional() }),
  })
  // Without it a second failure would look like the first one, come late.
  .refine(({ type, data }) => type !== "parcel.delivery_failed" || data.attempt !== undefined, {
    path: ["data", "attempt"],
    message: "say which attempt has failed, from 1",
  });

const carrierEvents: KnownEvents<z.infer<typeof reportSchema>> = { types: reportTypes, schema: reportSchema };

export const eventExample = {
  id: "evt_4711",
  type: "parcel.delivery_failed",
  data: { delivery: "01890000-0000-7000-8000-000000000000", attempt: 1 },
};

export interface WebhookDeps extends StepDeps {
  readonly secrets: WebhookSettings["secrets"];
}

/** Takes an event that is signed as it must be. Throws a `ProblemError`. */
export async function receiveWebhook(deps: WebhookDeps, request: WebhookRequest): Promise<void> {
  const sender = { name: CARRIER, secrets: deps.secrets() };
  const event = eventFrom(carrierEvents, request, sender, deps.clock.now());
  if (event === undefined) return;
  const { type, data } = event;
  const shipment = await deps.find(data.delivery);
  if (!shipment) return;
  await requestCommand(deps, {
    command: carrierReported(deps.carrier),
    key: shipment.orderId,
    input: { type, attempt: data.attempt ?? 1 },
    claim: eventClaim(request.sender, event.id),
    status: ACKNOWLEDGED,
    reference: shipment.id,
    traceparent: request.traceparent,
    operator: null,
    isRefused: () => false,
  });
}
