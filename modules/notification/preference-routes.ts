/** How a customer reads and says in which way to be told. */
import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { type CommandRequestDeps, requestCommand } from "../../runtime/http/command-request.ts";
import { customerInQuery } from "../../runtime/http/rights.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Ids } from "../../runtime/ids.ts";
import { channels } from "./channel.ts";
import { languages } from "./language.ts";
import type { OrderNotices } from "./notice.ts";
import { findPreferences } from "./preference-store.ts";
import { type CustomerPreferences, DEFAULT_PREFERENCES, type Preferences, setPreferences } from "./preferences.ts";
import { isTimeZone } from "./quiet-hours.ts";

/** What the routes of preferences work with. */
export interface PreferenceRouteDeps extends CommandRequestDeps<OrderNotices, CustomerPreferences> {
  readonly database: Database;
  readonly ids: Ids;
}

const time = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, "must be a time of day as HH:MM, such as 22:00")
  .meta({ example: "22:00" });

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "must be a time zone of the IANA database, such as Asia/Taipei")
  .meta({ example: "Asia/Taipei" });

const quietHours = z
  .strictObject({ from: time, to: time, timeZone })
  .describe("Nothing is sent from `from` to `to`; it goes out when they are over. None where both are the same.");

const fields = {
  language: z.enum(languages),
  channels: z
    .array(z.enum(channels))
    .min(1)
    .max(channels.length)
    .describe("Each notice goes out on all of these that there is an address for."),
  fallback: z
    .enum(channels)
    .nullable()
    .describe("Where a notice goes that could not be sent on a channel; null: it is given up."),
  phone: z
    .string()
    .regex(/^\+[1-9][0-9]{6,14}$/, "must be + and 7 to 15 digits, such as +886912345678")
    .nullable()
    .describe("For SMS."),
  device: z
    .string()
    .regex(/^[A-Za-z0-9:_-]{1,255}$/, "must be a device's token: 1 to 255 of A-Z a-z 0-9 : _ -")
    .nullable()
    .describe("For push: the device's token."),
  quietHours: quietHours.nullable(),
};

const newPreferencesSchema = z.strictObject({
  language: fields.language.default(DEFAULT_PREFERENCES.language),
  channels: fields.channels.default([...DEFAULT_PREFERENCES.channels]),
  fallback: fields.fallback.default(DEFAULT_PREFERENCES.fallback),
  phone: fields.phone.default(null),
  device: fields.device.default(null),
  quietHours: fields.quietHours.default(null),
});

const preferencesExample = {
  language: "zh-TW",
  channels: ["sms", "in_app"],
  fallback: "email",
  phone: "+886912345678",
  quietHours: { from: "22:00", to: "07:00", timeZone: "Asia/Taipei" },
};

const preferencesSchema = z.strictObject({ customerId: z.string(), ...fields });

const shown = (customerId: string, preferences: Preferences): z.infer<typeof preferencesSchema> => ({
  customerId,
  ...preferences,
  channels: [...preferences.channels],
});

const query = z.strictObject({
  customerId: z.string().min(1).max(255).optional().describe("Whose. Operators name one; customers have their own."),
});

const PATH = "/api/v1/notifications/preferences";
const found = { description: "The customer's preferences.", schema: preferencesSchema };
const stranger = { description: "It is somebody else's." };

export const preferenceRoutes: readonly Route<PreferenceRouteDeps>[] = [
  route({
    method: "GET",
    path: PATH,
    rights: { callers: "customers and operators", scope: "notification:read", object: customerInQuery },
    tag: "notification",
    summary: "How a customer wants to be told",
    description: "Who has said nothing gets an e-mail in English, or finds the notice in the app.",
    query,
    responses: { 200: found, 404: stranger },
    async handle({ object: customerId }, { database }: PreferenceRouteDeps) {
      return { status: 200, body: shown(customerId, await findPreferences(database, customerId)) };
    },
  }),
  route({
    method: "PUT",
    path: PATH,
    rights: { callers: "customers and operators", scope: "notification:write", object: customerInQuery },
    tag: "notification",
    summary: "Say how a customer wants to be told",
    description:
      "Replaces all of it: what is left out is as by default. It holds for what happens from then on. Where no channel has an address, the fallback channel is used, or the app.",
    query,
    body: newPreferencesSchema,
    bodyExample: preferencesExample,
    responses: { 200: found, 404: stranger },
    async handle({ object: customerId, body, traceparent, operator }, deps: PreferenceRouteDeps) {
      const result = await requestCommand(deps, {
        command: setPreferences,
        key: deps.ids.next(),
        input: { customerId, preferences: body },
        claim: null,
        status: 200,
        reference: customerId,
        traceparent,
        operator,
        auditKey: customerId,
        isRefused: () => false,
      });
      if (result.kind === "replayed") throw new Error("preferences are set without a key, so no request repeats one");
      return { status: 200, body: shown(customerId, result.answer) };
    },
  }),
];
