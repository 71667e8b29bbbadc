/** What is sent outside. */
export const sentChannels = ["email", "sms", "push"] as const;
export type SentChannel = (typeof sentChannels)[number];

/** In the app, the list of notices is itself the inbox. */
export const channels = [...sentChannels, "in_app"] as const;
export type Channel = (typeof channels)[number];

export const isSent = (channel: Channel): channel is SentChannel => channel !== "in_app";

/** A channel with the address that it reaches the customer at; in the app none is needed. */
export interface Route {
  readonly channel: Channel;
  readonly recipient: string | null;
}

/** Always open. */
export const IN_APP: Route = { channel: "in_app", recipient: null };
