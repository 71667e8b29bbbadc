/**
 * What the payment provider tells of its own accord. An event is a reason to ask the provider and nothing else: it may
 * come late, repeated, out of order, or before the answer to the call that it is about (waking.ts).
 *
 * Guarantees: an event counts once, by its id, however often it is sent; only signed ones count (webhook-signature.ts).
 * An event of a payment that is unknown here, or of an unknown type, is acknowledged. The provider repeats what was not
 * acknowledged; an event that never comes is missed by nobody, because whoever waits for it asks by itself when its time
 * is up.
 */
import * as z from "zod";
import type { WebhookSettings } from "../../runtime/config/webhook-settings.ts";
import { type CommandRequestDeps, requestCommand } from "../../runtime/http/command-request.ts";
import {
  ACKNOWLEDGED,
  eventFields,
  eventFrom,
  type KnownEvents,
  type WebhookRequest,
} from "../../runtime/http/webhook-route.ts";
import { eventClaim } from "../../runtime/http/webhook-signature.ts";
import { orderOfKey, type Payment } from "./payment.ts";
import { providerTold } from "./waking.ts";

/** What the provider is called in the path of its webhooks. */
export const PROVIDER = "simulator";

export const happenings = ["authorisation.decided", "capture.succeeded", "refund.succeeded"] as const;

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/** The key of an authorisation: the order's id and the attempt. */
export const authorisationKey = z
  .string()
  .regex(new RegExp(`^${UUID}:auth:[1-9][0-9]{0,8}$`), "must be an order's id, :auth: and the attempt's number");

/** Providers add fields as they like; what counts is which authorisation something has happened to. */
const eventSchema = z.looseObject({
  ...eventFields,
  type: z.enum(happenings),
  data: z.looseObject({ authorisation: authorisationKey }),
});

export type ProviderEvent = z.infer<typeof eventSchema>;

const providerEvents: KnownEvents<ProviderEvent> = { types: happenings, schema: eventSchema };

export const eventExample: ProviderEvent = {
  id: "evt_01890000-0000-7000-8000-000000000000:capture:1",
  type: "capture.succeeded",
  data: { authorisation: "01890000-0000-7000-8000-000000000000:auth:1" },
};

export interface WebhookDeps extends CommandRequestDeps<Payment, never> {
  readonly secrets: WebhookSettings["secrets"];
}

/** Takes an event that is signed as it must be. Throws a `ProblemError`. */
export async function receiveWebhook(deps: WebhookDeps, request: WebhookRequest): Promise<void> {
  const sender = { name: PROVIDER, secrets: deps.secrets() };
  const event = eventFrom(providerEvents, request, sender, deps.clock.now());
  if (event === undefined) return;
  const { authorisation } = event.data;
  const orderId = orderOfKey(authorisation);
  await requestCommand(deps, {
    command: providerTold,
    key: orderId,
    input: { authorisation },
    claim: eventClaim(request.sender, event.id),
    status: ACKNOWLEDGED,
    reference: orderId,
    traceparent: request.traceparent,
    operator: null,
    isRefused: () => false,
  });
}
