import type { PlatformConfig } from "../config/settings.ts";
import type { WebhookSettings } from "../config/webhook-settings.ts";
import type { Random } from "../random.ts";
import { secret } from "../secret.ts";

/** What each module believes webhooks with. A secret that nobody was given is drawn here: nobody else signs with it. */
export function openWebhooks(
  current: () => PlatformConfig<string>,
  random: Random,
): (module: string) => WebhookSettings {
  const drawn = Array.from({ length: 8 }, () => random.uint32().toString(16).padStart(8, "0")).join("");
  const own = [secret(drawn)];
  return (module) => ({
    secrets: () => current().webhookSecrets.get(module) ?? own,
    simulatedCopies: current().simulatedWebhookCopies,
  });
}
