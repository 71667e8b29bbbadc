/** How a customer wants to be told. Who has said nothing gets an e-mail in English, or finds the notice in the app. */
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import { type Channel, IN_APP, type Route } from "./channel.ts";
import type { Language } from "./language.ts";
import type { OrderNotices } from "./notice.ts";
import type { QuietHours } from "./quiet-hours.ts";

export interface Preferences {
  readonly language: Language;
  /** Each notice goes out on all of these for which there is an address. */
  readonly channels: readonly Channel[];
  /** Where a notice goes that could not be sent on a channel; null: it is given up. */
  readonly fallback: Channel | null;
  /** For SMS. */
  readonly phone: string | null;
  /** For push: the token of the device. */
  readonly device: string | null;
  /** Nothing is sent in these hours; null: it is at any time. */
  readonly quietHours: QuietHours | null;
}

export const DEFAULT_PREFERENCES: Preferences = {
  language: "en",
  channels: ["email"],
  fallback: "in_app",
  phone: null,
  device: null,
  quietHours: null,
};

/** As stored. `version` 0: this customer has said nothing. */
export interface CustomerPreferences {
  readonly customerId: string;
  readonly preferences: Preferences;
  readonly version: number;
}

/** The way to the customer on a channel, or undefined where there is no address for it. */
export function routeOn(
  channel: Channel,
  email: string | null,
  { phone, device }: Pick<Preferences, "phone" | "device">,
): Route | undefined {
  const addresses = { email, sms: phone, push: device, in_app: null };
  const recipient = addresses[channel];
  return recipient === null && channel !== "in_app" ? undefined : { channel, recipient };
}

/** Where a notice goes: never nowhere. */
export function routesOf(preferences: Preferences, email: string | null): readonly Route[] {
  const routes = [...new Set(preferences.channels)].flatMap((channel) => routeOn(channel, email, preferences) ?? []);
  if (routes.length > 0) return routes;
  const fallback = preferences.fallback === null ? undefined : routeOn(preferences.fallback, email, preferences);
  return [fallback ?? IN_APP];
}

type Input = Omit<CustomerPreferences, "version">;
type Decided = Decision<OrderNotices, CustomerPreferences> & { readonly answer: Preferences };

/** Replaces a customer's preferences. They hold for what happens from then on. */
export const setPreferences: Command<OrderNotices, CustomerPreferences, Input, Preferences> = {
  name: "set-preferences",
  sharedOnly: true,
  shares: (_state, { customerId }) => [customerId],
  decide(_state, { customerId, preferences }, { shared }): Decided {
    const version = shared.get(customerId)?.version ?? 0;
    return {
      shared: new Map([[customerId, { customerId, preferences, version }]]),
      answer: preferences,
    };
  },
};
