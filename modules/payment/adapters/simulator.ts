/**
 * A payment provider with books of its own, for local dev, tests and load. It takes these tokens; an unknown one is
 * declined as such:
 * - `tok_visa` authorises; `tok_declined` and `tok_insufficient_funds` decline.
 * - `tok_requires_action` waits until the customer completes or fails it on the simulator's page (simulator-page.ts).
 * - `tok_timeout_charged` authorises and gives no answer; `tok_timeout_not_charged` gives none and does nothing.
 * - `tok_provider_down` refuses every authorisation as a provider that is down.
 * - `tok_capture_refused` and `tok_capture_down` authorise; every capture is refused, or finds the provider down.
 *
 * Guarantees what the port asks: a key is entered in the ledger once; later calls with it are answered from the entry;
 * a void of a key that never came leaves a tombstone. Calls that come together are entered together, in one statement.
 * An authorisation is captured once, as a whole, whatever the capture's key; a refund's key is entered beside it.
 * What it has captured, refunded or had decided by the customer it also tells by webhook (simulator-webhooks.ts).
 */
import type { Clock } from "../../../runtime/clock.ts";
import { arrayLiteral } from "../../../runtime/database/array-literal.ts";
import { createGroupedWork } from "../../../runtime/database/grouped-work.ts";
import type { Database, Row } from "../../../runtime/database/port.ts";
import { messageOf } from "../../../runtime/error-text.ts";
import type { Log } from "../../../runtime/log.ts";
import { NothingHappened } from "../../../runtime/messages/call.ts";
import { orderOfKey } from "../payment.ts";
import type { AuthoriseRequest, Charge, PaymentProvider, Verdict } from "../provider.ts";
import type { ChargeStatus } from "./simulator-ledger.ts";
import { type ActionBooks, actionPath } from "./simulator-page.ts";
import type { Happening, Tell } from "./simulator-webhooks.ts";

interface LedgerEntry {
  readonly key: string;
  readonly status: ChargeStatus;
  readonly detail: string;
  readonly amount: number;
  readonly currency: string;
  readonly token: string;
}

const ACCEPTED: ReadonlySet<string> = new Set([
  "tok_visa",
  "tok_timeout_charged",
  "tok_capture_refused",
  "tok_capture_down",
]);

const chargeOf = (row: Row): Charge => ({
  key: String(row.key),
  amount: Number(row.amount),
  captured: Number(row.captured),
  refunded: Number(row.refunded),
  currency: String(row.currency),
});

const DECLINES: Readonly<Record<string, string>> = {
  tok_declined: "declined",
  tok_insufficient_funds: "insufficient_funds",
};

/** The provider, and what its page shows and does. */
export interface PaymentSimulator extends PaymentProvider {
  readonly books: ActionBooks;
  close(): Promise<void>;
}

/** Opens the simulator over its ledger. */
export function createPaymentSimulator(database: Database, clock: Clock, tell: Tell, log: Log): PaymentSimulator {
  const lane = database.lane("simulator");
  /** Beside the answer to the call, before it or after it; nobody waits for it. */
  const mention = (happening: Happening) =>
    void tell(happening).catch((error: unknown) =>
      log("info", "webhook.not_taken", {
        orderId: orderOfKey(happening.key),
        key: happening.key,
        type: happening.type,
        error: messageOf(error),
      }),
    );
  const moment = () => new Date(clock.now()).toISOString();

  const enter = createGroupedWork(async (entries: readonly LedgerEntry[]) => {
    // One row a key, in key order: a repeated key in one group, or two groups at once, must not lock crosswise.
    const distinct = [...new Map(entries.map((entry) => [entry.key, entry])).values()].sort((a, b) =>
      a.key < b.key ? -1 : 1,
    );
    const rows = await lane.run({
      text: `with asked as (select key, status, detail, amount, currency, token from json_to_recordset($1::text::json)
          as x(key text, status text, detail text, amount bigint, currency text, token text)),
        entered as (insert into charge (key, status, detail, amount, currency, token, at)
          select key, status, detail, amount, currency, token, $2::text::timestamptz from asked
          on conflict (key) do nothing returning key, status, detail)
        select a.key, coalesce(e.status, c.status) as status, coalesce(e.detail, c.detail) as detail
        from asked a left join entered e on e.key = a.key left join charge c on c.key = a.key`,
      params: [JSON.stringify(distinct), moment()],
    });
    const byKey = new Map(rows.map((row) => [String(row.key), row]));
    return entries.map(({ key }) => byKey.get(key));
  });

  const verdict = (row: Row | undefined): Verdict => {
    switch (row?.status) {
      case "authorised":
        return { result: "authorised", reference: String(row.detail) };
      case "declined":
        return { result: "declined", detail: String(row.detail) };
      case "action_required":
        return { result: "action_required", url: actionPath(String(row.key)) };
      case "voided":
        return { result: "voided" };
      default:
        // Entered by somebody else in this very moment; the port takes any other rejection as unknown, and asks.
        throw new Error("the ledger is being written");
    }
  };

  const hang = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("the connection was given up")), { once: true });
    });

  const entryFor = ({ key, amount, currency, token }: AuthoriseRequest): LedgerEntry => {
    const entry = { key, amount, currency, token };
    if (ACCEPTED.has(token)) return { ...entry, status: "authorised", detail: `sim_${key}` };
    if (token === "tok_requires_action") return { ...entry, status: "action_required", detail: "" };
    return { ...entry, status: "declined", detail: DECLINES[token] ?? "unknown_token" };
  };

  return {
    async authorise(request, signal) {
      if (request.token === "tok_provider_down") throw new NothingHappened("the simulated provider is down");
      if (request.token === "tok_timeout_not_charged") return hang(signal);
      const answer = verdict(await enter(entryFor(request)));
      return request.token === "tok_timeout_charged" ? hang(signal) : answer;
    },
    async inquire(key) {
      const [row] = await lane.run({
        text: "select key, status, detail, captured from charge where key = $1",
        params: [key],
      });
      if (!row) return { result: "none" };
      return Number(row.captured) > 0 ? { result: "captured" } : verdict(row);
    },
    async capture({ key, authorisation }) {
      const [row] = await lane.run({
        text: `update charge set captured = case
            when status = 'authorised' and token not in ('tok_capture_refused', 'tok_capture_down') then amount
            else captured end
          where key = $1 returning status, captured, token`,
        params: [authorisation],
      });
      if (Number(row?.captured ?? 0) > 0) {
        mention({ type: "capture.succeeded", key, authorisation });
        return { result: "captured" };
      }
      if (row?.token === "tok_capture_down") throw new NothingHappened("the simulated provider takes no captures now");
      return { result: "refused", detail: row?.status === "authorised" ? "capture_refused" : "not_authorised" };
    },
    async void(key) {
      const [row] = await lane.run({
        text: `insert into charge (key, status, detail, amount, currency, at)
          values ($1, 'voided', 'voided before it came', 0, '', $2::text::timestamptz)
          on conflict (key) do update set status = case when charge.captured > 0 then charge.status else 'voided' end
          returning captured`,
        params: [key, moment()],
      });
      return { result: Number(row?.captured ?? 0) > 0 ? "captured" : "voided" };
    },
    async refund({ key, authorisation, amount }) {
      // The same key twice at once fails on the refund's own key, and takes the second one's effect back with it.
      const [row] = await lane.run({
        text: `with earlier as (select key from refund where key = $1),
          taken as (update charge set refunded = refunded + $3::bigint
            where key = $2 and refunded + $3::bigint <= captured and not exists (select 1 from earlier) returning key),
          entered as (insert into refund (key, charge, amount, at)
            select $1, key, $3::bigint, $4::text::timestamptz from taken returning key)
          select (select count(*) from earlier) + (select count(*) from entered) as there`,
        params: [key, authorisation, amount, moment()],
      });
      if (Number(row?.there ?? 0) === 0) return { result: "refused", detail: "more_than_was_captured" };
      mention({ type: "refund.succeeded", key, authorisation });
      return { result: "refunded" };
    },
    async effectiveCharges(orderIds) {
      // Keys begin with the order's id and a colon; the semicolon is the next character.
      const rows = await database.query({
        text: `select o.id, c.key, c.amount, c.captured, c.refunded, c.currency from unnest($1::text[]) as o(id)
          join charge c on c.key >= o.id || ':' and c.key < o.id || ';'
          where c.status = 'authorised' and (c.captured = 0 or c.refunded < c.captured) order by c.key`,
        params: [arrayLiteral(orderIds)],
      });
      const byOrder = Map.groupBy(rows, (row) => String(row.id));
      return new Map([...byOrder].map(([orderId, own]) => [orderId, own.map(chargeOf)]));
    },
    books: {
      async find(key) {
        const [row] = await database.query({
          text: "select status, amount, currency from charge where key = $1 and token = 'tok_requires_action'",
          params: [key],
        });
        // The ledger's column holds nothing else.
        const status = row?.status as ChargeStatus;
        return row && { status, amount: Number(row.amount), currency: String(row.currency) };
      },
      async act(key, completes) {
        // What was decided before stays: the page may be sent twice, or after a void.
        await lane.run({
          text: `update charge set status = $2, detail = $3 where key = $1 and status = 'action_required'`,
          params: completes ? [key, "authorised", `sim_${key}`] : [key, "declined", "customer_action_failed"],
        });
        await tell({ type: "authorisation.decided", key, authorisation: key });
      },
    },
    close: () => lane.close(),
  };
}
