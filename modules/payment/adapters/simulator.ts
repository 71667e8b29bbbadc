/**
 * A payment provider with books of its own, for local dev, tests and load. What a token does is in domain.md's list.
 *
 * Guarantees what the port asks: a key is entered in the ledger once; later calls with it are answered from the entry;
 * a void of a key that never came leaves a tombstone. Calls that come together are entered together, in one statement.
 */
import type { Clock } from "../../../runtime/clock.ts";
import { arrayLiteral } from "../../../runtime/database/array-literal.ts";
import { createGroupedWork } from "../../../runtime/database/grouped-work.ts";
import type { Database, Row } from "../../../runtime/database/port.ts";
import { NothingHappened } from "../../../runtime/messages/call.ts";
import type { AuthoriseRequest, PaymentProvider, Verdict } from "../provider.ts";

interface LedgerEntry {
  readonly key: string;
  readonly status: "authorised" | "declined" | "voided";
  readonly detail: string;
  readonly amount: number;
  readonly currency: string;
}

const DECLINES: Readonly<Record<string, string>> = {
  tok_declined: "declined",
  tok_insufficient_funds: "insufficient_funds",
};

/** Takes every test token of domain.md; an unknown one is declined as such. */
export function createPaymentSimulator(database: Database, clock: Clock): PaymentProvider & { close(): Promise<void> } {
  const lane = database.lane("simulator");

  const enter = createGroupedWork(async (entries: readonly LedgerEntry[]) => {
    // One row a key, in key order: a repeated key in one group, or two groups at once, must not lock crosswise.
    const distinct = [...new Map(entries.map((entry) => [entry.key, entry])).values()].sort((a, b) =>
      a.key < b.key ? -1 : 1,
    );
    const rows = await lane.run({
      text: `with asked as (select key, status, detail, amount, currency from json_to_recordset($1::text::json)
          as x(key text, status text, detail text, amount bigint, currency text)),
        entered as (insert into charge (key, status, detail, amount, currency, at)
          select key, status, detail, amount, currency, $2::text::timestamptz from asked
          on conflict (key) do nothing returning key, status, detail)
        select a.key, coalesce(e.status, c.status) as status, coalesce(e.detail, c.detail) as detail
        from asked a left join entered e on e.key = a.key left join charge c on c.key = a.key`,
      params: [JSON.stringify(distinct), new Date(clock.now()).toISOString()],
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
    const accepted = token === "tok_visa" || token === "tok_timeout_charged";
    return accepted
      ? { key, status: "authorised", detail: `sim_${key}`, amount, currency }
      : { key, status: "declined", detail: DECLINES[token] ?? "unknown_token", amount, currency };
  };

  return {
    async authorise(request, signal) {
      if (request.token === "tok_provider_down") throw new NothingHappened("the simulated provider is down");
      if (request.token === "tok_timeout_not_charged") return hang(signal);
      const answer = verdict(await enter(entryFor(request)));
      return request.token === "tok_timeout_charged" ? hang(signal) : answer;
    },
    async inquire(key) {
      const [row] = await lane.run({ text: "select status, detail from charge where key = $1", params: [key] });
      return row ? verdict(row) : { result: "none" };
    },
    async void(key) {
      await lane.run({
        text: `insert into charge (key, status, detail, amount, currency, at)
          values ($1, 'voided', 'voided before it came', 0, '', $2::text::timestamptz)
          on conflict (key) do update set status = 'voided', detail = 'voided'`,
        params: [key, new Date(clock.now()).toISOString()],
      });
    },
    async effectiveCharges(orderIds) {
      // Keys begin with the order's id and a colon; the semicolon is the next character.
      const rows = await database.query({
        text: `select o.id, c.key, c.amount, c.currency from unnest($1::text[]) as o(id)
          join charge c on c.key >= o.id || ':' and c.key < o.id || ';'
          where c.status = 'authorised' order by c.key`,
        params: [arrayLiteral(orderIds)],
      });
      const charges = rows.map((row) => ({
        orderId: String(row.id),
        key: String(row.key),
        amount: Number(row.amount),
        currency: String(row.currency),
      }));
      return Map.groupBy(charges, ({ orderId }) => orderId);
    },
    close: () => lane.close(),
  };
}
