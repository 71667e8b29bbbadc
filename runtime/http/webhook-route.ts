/**
 * The route by which somebody outside tells a module what has happened. What is no JSON is a 400 for everybody. Nothing
 * of what it says is believed before its signature, and nothing of the signature before it is known whose it is: unknown
 * senders are 404, whatever they say.
 */

import * as z from "zod";
import type { Secret } from "../secret.ts";
import { parseJson } from "./json-text.ts";
import { ProblemError, problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { validate } from "./validation.ts";
import { requireSignature, SIGNATURE_HEADER, type SignedRequest } from "./webhook-signature.ts";

/** The answer to every event that is taken, also again. */
export const ACKNOWLEDGED = 204;

/** What every event has: its name (sent again, it is the same one) and its type. */
export const eventFields = {
  id: z.string().regex(/^[\x21-\x7e]{1,200}$/, "must be 1 to 200 visible ASCII characters without spaces"),
  type: z.string().min(1).max(100),
};

const anyEvent = z.looseObject(eventFields);

export interface WebhookRequest extends SignedRequest {
  /** Who says that it sends this. */
  readonly sender: string;
  readonly traceparent: string | null;
}

/** What the sender is called here and signs with. */
export interface KnownSender {
  readonly name: string;
  readonly secrets: readonly Secret[];
}

/** What is known here of a sender's events. */
export interface KnownEvents<Event> {
  readonly types: readonly string[];
  /** Of an event of these types. */
  readonly schema: z.ZodType<Event>;
}

/**
 * The event of a request that the sender has signed. Senders add types as they like: of an unknown one nothing is read
 * but its name, and undefined is the answer. Throws a `ProblemError`: 404 or 400.
 */
export function eventFrom<Event>(
  { types, schema }: KnownEvents<Event>,
  request: WebhookRequest,
  { name, secrets }: KnownSender,
  nowMs: number,
): Event | undefined {
  if (request.sender !== name) throw new ProblemError(problem("not-found", "Nobody of this name sends events here."));
  requireSignature(request, secrets, nowMs);
  const body = parseJson(request.rawBody);
  const { type } = validate("body", anyEvent, body);
  return types.includes(type) ? validate("body", schema, body) : undefined;
}

interface WebhookRoute<Deps> {
  /** Ends in the sender's place, such as `/api/v1/payments/webhooks/{provider}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** What an event leads to. */
  readonly effect: string;
  readonly example: unknown;
  readonly receive: (request: WebhookRequest, deps: Deps) => Promise<void>;
}

export function webhookRoute<Deps>({ path, tag, summary, effect, example, receive }: WebhookRoute<Deps>): Route<Deps> {
  const place = /\{([a-z]+)\}$/.exec(path)?.[1] ?? "sender";
  return route({
    method: "POST",
    path,
    rights: { callers: "anyone", object: "signed" },
    rateLimit: "webhooks",
    tag,
    summary,
    description: `Each event is signed: \`Webhook-Signature: t=SECONDS,v1=HEX\`, the HMAC-SHA-256 of \`SECONDS.BODY\` with the shared secret, good for five minutes. It counts once by its \`id\`, in whatever order events come. ${effect}`,
    params: z.strictObject({ [place]: z.string().max(255) }),
    headers: z.object({ [SIGNATURE_HEADER]: z.string().max(1000).optional() }),
    body: z.unknown(),
    bodyExample: example,
    responses: {
      [ACKNOWLEDGED]: { description: "Taken, now or before." },
      400: { description: "It is not signed as it must be, or signed too long ago, or no event." },
      404: { description: "Nobody of this name sends events here." },
    },
    async handle({ params, headers, rawBody, traceparent }, deps: Deps) {
      const sender = params[place] ?? "";
      await receive({ sender, signature: headers[SIGNATURE_HEADER], rawBody, traceparent }, deps);
      return { status: ACKNOWLEDGED };
    },
  });
}
