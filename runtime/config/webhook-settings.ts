import { type Secret, secret } from "../secret.ts";
import { optional, type Settings, setting } from "./load.ts";
import { integer, type Parser } from "./parsers.ts";

/** What a module signs and believes webhooks with. */
export interface WebhookSettings {
  /** Each of them is believed, and the first one signs; asked each time, for they change. */
  readonly secrets: () => readonly Secret[];
  /** How often a simulator sends each of its webhooks. */
  readonly simulatedCopies: number;
}

/** Two at once, so that a secret can be changed while requests that were signed with the one before are on their way. */
const secretList: Parser<readonly Secret[]> = {
  wants: "one secret of 16 to 200 visible characters without commas, or two separated by a comma",
  parse(given) {
    const texts = given.split(",").map((each) => each.trim());
    return texts.length <= 2 && texts.every((each) => /^[\x21-\x7e]{16,200}$/.test(each)) ? texts.map(secret) : null;
  },
};

/** What a module believes webhooks with, as its declaration says whose they are. */
export const webhookSecrets = (module: string, sender: string) =>
  optional({
    env: `${module.toUpperCase()}_WEBHOOK_SECRETS`,
    parser: secretList,
    secret: true,
    live: true,
    parameter: { of: "module", needed: "never" },
    description: `What ${sender} signs its webhooks with; two while it is changed, the new one first. Without it: one that this process alone knows.`,
  });

export const webhookSettings = {
  simulatedWebhookCopies: setting({
    env: "SIMULATED_WEBHOOK_COPIES",
    parser: integer(0, 5),
    fallback: 1,
    description: "How often a simulator sends each of its webhooks; 0 holds them back, as a test may want.",
  }),
} satisfies Settings;
