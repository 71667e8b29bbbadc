/**
 * Statements of the platform in words, for the story. A save is one statement of many writes, each with its rows as one
 * JSON parameter (save-batch.ts): every write becomes a clause. What only reads is left out.
 */
import type { Statement } from "../../runtime/database/port.ts";
import type { Outcome } from "./backends.ts";
import type { Told } from "./trace.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface Written {
  /** As in the statement, such as `insert into orders`. */
  readonly verb: string;
  readonly table: string;
  readonly rows: readonly Fields[];
}

const isRows = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.every((row) => typeof row === "object" && row !== null);

/** The writes of a save, in its order. */
export function writesOf({ text, params }: Statement): Written[] {
  return text.split(/\bw\d+ as \(/).flatMap((part) => {
    const [, verb, table] = /(insert into|update|delete from) "?(\w+)/.exec(part) ?? [];
    const [, parameter] = /\$(\d+)::text::json/.exec(part) ?? [];
    if (verb === undefined || table === undefined || parameter === undefined) return [];
    const rows: unknown = JSON.parse(String(params[Number(parameter) - 1]));
    return isRows(rows) && rows.length > 0 ? [{ verb, table, rows }] : [];
  });
}

export const keyOf = (row: Fields) => String(row["key"] ?? row["order_id"] ?? row["id"] ?? row["sku"] ?? "");

/** `message` of an outbox row is the envelope. */
function messageOf(row: Fields): string {
  const { message } = row;
  const type =
    typeof message === "object" && message !== null && "type" in message ? String(message.type) : row["topic"];
  return `${type} ${row["sequence"]}`;
}

const statusOf = (row: Fields) =>
  ["status", "work", "attempt", "tries"].flatMap((name) =>
    row[name] === undefined || row[name] === null ? [] : [`${name} ${row[name]}`],
  );

/** How each table's rows are told; the tables that are not here are aggregates. */
const CLAUSES: Readonly<Record<string, (verb: string, row: Fields) => string>> = {
  idempotency: (_verb, row) => `keeps the idempotency key that leads to ${row["reference"]}`,
  timer: (verb, row) =>
    verb === "delete from"
      ? `the timer "${row["kind"]}" of ${keyOf(row)} is gone (fired or cancelled)`
      : `sets the timer "${row["kind"]}" of ${keyOf(row)} to ${String(row["new_due_at"] ?? row["due_at"])}`,
  call_intent: (verb, row) =>
    verb === "delete from" ? "takes in the outcome of a call" : `means to call "${row["kind"]}" for ${keyOf(row)}`,
  outbox: (verb, row) =>
    verb === "delete from"
      ? `deletes message ${row["topic"]} ${row["sequence"]} of ${keyOf(row)} from the outbox`
      : `sends ${messageOf(row)} of ${keyOf(row)}`,
  inbox_mark: (_verb, row) => `marks ${row["topic"]} ${row["sequence"]} of ${keyOf(row)} as handled`,
  dead_letter: (verb, row) => {
    const did = verb === "insert into" ? "parks" : verb === "update" ? "marks as discarded" : "takes away";
    return `${did} the dead letter ${row["source"]} ${row["sequence"]} of ${keyOf(row)} (${row["reason"] ?? ""})`;
  },
  stock: (_verb, row) => `${row["sku"]} in ${row["warehouse"]} has ${row["reserved"]} of ${row["on_hand"]} reserved`,
  movement: (_verb, row) => `notes a movement of ${row["reserved_delta"]} ${row["sku"]} for ${keyOf(row)}`,
  history: (_verb, row) => `notes "${row["type"]}" in the history of ${keyOf(row)}`,
};

function clauseOf({ verb, table, rows }: Written): string[] {
  const clause = CLAUSES[table];
  return rows.map((row) => {
    if (clause !== undefined) return clause(verb, row);
    const version = row["version"] === undefined ? "" : ` (version ${row["version"]})`;
    return `${table} ${keyOf(row)}: ${statusOf(row).join(", ")}${version}`;
  });
}

/** What a statement of a module did or tried to do; null: nothing that a reader of orders needs. */
export function statementInWords(
  module: string,
  statement: Statement,
  outcome: Outcome,
): Pick<Told, "text" | "parts"> | null {
  const { text, params } = statement;
  const failure = outcome.status === "rejected" ? ` and FAILS (${String(outcome.reason)})` : "";
  if (module === "payment_simulator") return { text: `is asked to${failure}: `, parts: providerInWords(statement) };
  if (module === "notification_mailbox") return { text: `is given${failure}: `, parts: mailInWords(statement) };
  if (/^with w0 as/.test(text)) return { text: `saves${failure}: `, parts: writesOf(statement).flatMap(clauseOf) };
  if (/for update$/.test(text)) return { text: `begins, and locks the stock of ${String(params[0])}${failure}` };
  if (/into dead_letter/.test(text))
    return { text: `parks what the database refuses: ${params.slice(0, 4).join(" ")}${failure}` };
  return failure === "" ? null : { text: `${text.replace(/\s+/g, " ").slice(0, 80)}…${failure}` };
}

/** The first parameter's rows. */
function rowsOf({ params }: Statement): readonly Fields[] {
  const rows: unknown = JSON.parse(String(params[0]));
  return isRows(rows) ? rows : [];
}

/** What a request to the payment provider asks, by its key in the provider's books. */
export function providerInWords(statement: Statement): string[] {
  const { text, params } = statement;
  if (text.startsWith("with asked"))
    return rowsOf(statement).map(
      (row) =>
        `authorise ${row["key"]} over ${row["amount"]} ${row["currency"]} (it says "${row["status"]}" to this token)`,
    );
  // By what their statements begin with, in the simulator's ledger.
  const [, verb = "void"] = ASKED.find(([beginning]) => text.startsWith(beginning)) ?? [];
  return [`${verb} ${params[0]}`];
}

const ASKED: readonly (readonly [beginning: string, verb: string])[] = [
  ["select", "say what became of"],
  ["update charge set captured", "capture"],
  ["update charge set status", "let the customer act on"],
  ["with earlier", "refund under"],
];

export const mailInWords = (statement: Statement): string[] =>
  rowsOf(statement).map((row) => `the mail ${row["message_id"]}`);
