/**
 * How the simulated provider tells what has happened: signed as its webhooks must be, and taken like those that come by
 * HTTP. It does not repeat what was not taken: like any provider's webhook, one that is lost is missed by nobody.
 */
import type { Clock } from "../../../runtime/clock.ts";
import type { WebhookSettings } from "../../../runtime/config/webhook-settings.ts";
import type { WebhookRequest } from "../../../runtime/http/webhook-route.ts";
import { signWebhook } from "../../../runtime/http/webhook-signature.ts";
import { type happenings, PROVIDER, type ProviderEvent } from "../webhooks.ts";

/** Something that has happened to an authorisation. `key` names it: told again, it is the same event. */
export interface Happening {
  readonly type: (typeof happenings)[number];
  readonly key: string;
  readonly authorisation: string;
}

/** Resolves when whoever is told has taken it; rejects as they do. */
export type Tell = (happening: Happening) => Promise<void>;

/** Tells each thing as often as the settings say; without a secret it tells nothing. */
export function createTelling(
  { secrets, simulatedCopies }: WebhookSettings,
  clock: Clock,
  receive: (request: WebhookRequest) => Promise<void>,
): Tell {
  return async ({ type, key, authorisation }) => {
    const [secret] = secrets();
    if (secret === undefined) return;
    const event: ProviderEvent = { id: `evt_${key}`, type, data: { authorisation } };
    const rawBody = new TextEncoder().encode(JSON.stringify(event));
    for (let copy = 0; copy < simulatedCopies; copy++) {
      const signature = signWebhook(secret, rawBody, clock.now());
      await receive({ sender: PROVIDER, signature, rawBody, traceparent: null });
    }
  };
}
