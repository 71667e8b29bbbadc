/**
 * The page on which a customer completes or fails a payment with `tok_requires_action`, as a bank's page would let them.
 *
 * Its buttons change the simulator's ledger, which tells the payment by webhook, and that asks the provider what
 * happened. Pressing twice, late, or after a void changes nothing. If the webhook is not taken the answer is a 503, and
 * pressing again sends it again; a payment that nobody tells asks by itself when the customer's time is up.
 */
import * as z from "zod";
import { DatabaseError } from "../../../runtime/database/port.ts";
import { escapeHtml } from "../../../runtime/http/page.ts";
import { ProblemError, problem } from "../../../runtime/http/problem.ts";
import type { Reply } from "../../../runtime/http/reply.ts";
import { type Route, route } from "../../../runtime/http/route.ts";
import { NothingHappened } from "../../../runtime/messages/call.ts";
import { authorisationKey } from "../webhooks.ts";
import type { ChargeStatus } from "./simulator-ledger.ts";

/** What the page needs of the simulator's ledger. */
export interface ActionBooks {
  /** A charge that the customer has, or had, to act on. */
  find(
    key: string,
  ): Promise<{ readonly status: ChargeStatus; readonly amount: number; readonly currency: string } | undefined>;
  /** Decides it, if it still waits, and tells that it is decided. */
  act(key: string, completes: boolean): Promise<void>;
}

export interface SimulatorPageDeps {
  readonly books: ActionBooks;
}

const PATH = "/api/v1/payments/simulator";

/** Where the customer acts on a charge. */
export const actionPath = (key: string) => `${PATH}/${key}`;

/** Nothing loads, nothing runs, nobody frames it; its forms go back to where it came from. */
const POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const TITLE = "Simulated bank";

/** What became of a charge that waits no more. */
const BECAME: Readonly<Record<Exclude<ChargeStatus, "action_required">, string>> = {
  authorised: "This payment is complete.",
  declined: "This payment has failed.",
  voided: "This payment is no longer wanted.",
};

type Found = NonNullable<Awaited<ReturnType<ActionBooks["find"]>>>;

function render(key: string, { status, amount, currency }: Found): string {
  const button = (action: string, name: string) =>
    `<form method="post" action="${escapeHtml(`${actionPath(key)}/${action}`)}"><p><button>${name}</button></p></form>`;
  const choice =
    status === "action_required"
      ? `<p>Pay ${amount} minor units of ${escapeHtml(currency)}?</p>${button("complete", "Complete")}${button("fail", "Fail")}`
      : `<p role="status">${BECAME[status]}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title></head>
<body><main><h1>${TITLE}</h1>${choice}</main></body></html>`;
}

async function found({ books }: SimulatorPageDeps, key: string): Promise<Found> {
  const charge = await books.find(key).catch(away);
  if (!charge) throw new ProblemError(problem("not-found", `There is no payment ${key} that waits for its customer.`));
  return charge;
}

const params = z.strictObject({ key: authorisationKey });

async function act(deps: SimulatorPageDeps, key: string, completes: boolean): Promise<Reply> {
  await found(deps, key);
  await deps.books.act(key, completes).catch(away);
  return { status: 303, headers: { location: actionPath(key) } };
}

/** The books may be away, as a bank's may. */
function away(error: unknown): never {
  const isAway = error instanceof NothingHappened || (error instanceof DatabaseError && error.kind === "unavailable");
  if (!isAway) throw error;
  throw new ProblemError(problem("unavailable", "The bank does not answer now. Try it again."), { "retry-after": "1" });
}

const button = (action: "complete" | "fail", summary: string) =>
  route({
    method: "POST",
    path: `${PATH}/{key}/${action}`,
    rights: { callers: "anyone", object: "keyed" },
    tag: "payment",
    summary,
    description: "A button of the simulator's page. Repeating it changes nothing.",
    params,
    responses: {
      303: { description: "Done; the page shows what became of the payment.", headers: { Location: "The page." } },
      404: { description: "No payment waits, or has waited, for its customer under this key." },
    },
    handle: ({ params: { key } }, deps: SimulatorPageDeps) => act(deps, key, action === "complete"),
  });

export const simulatorPageRoutes: readonly Route<SimulatorPageDeps>[] = [
  route({
    method: "GET",
    path: `${PATH}/{key}`,
    rights: { callers: "anyone", object: "keyed" },
    tag: "payment",
    summary: "The simulator's page for a payment that waits for its customer",
    description: "Its two buttons complete or fail the payment.",
    params,
    responses: {
      200: { description: "The page.", mediaType: "text/html" },
      404: { description: "No payment waits, or has waited, for its customer under this key." },
    },
    async handle({ params: { key } }, deps: SimulatorPageDeps) {
      const html = render(key, await found(deps, key));
      const headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": POLICY,
        "cache-control": "no-store",
      };
      return { response: new Response(html, { headers }) };
    },
  }),
  button("complete", "Complete a payment that waits for its customer"),
  button("fail", "Fail a payment that waits for its customer"),
];
