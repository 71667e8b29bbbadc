/** What the databases of all modules hold, read in one statement past the simulation. */
import type { Row, Statement } from "../../runtime/database/port.ts";
import { letterId } from "../../runtime/messages/dead-letter.ts";
import type { Outcome } from "./backends.ts";

interface Positioned {
  readonly module: string;
  readonly topic: string;
  readonly key: string;
  readonly sequence: number;
}

export interface Contents {
  readonly orders: readonly {
    readonly id: string;
    readonly customer: string;
    readonly status: string;
    readonly stage: string;
    readonly attention: string | null;
    readonly reason: string | null;
    readonly total: number;
    readonly currency: string;
    readonly token: string;
    readonly coupon: string | null;
    readonly email: string | null;
    readonly items: readonly { readonly sku: string; readonly quantity: number }[];
    readonly historyLength: number;
    readonly version: number;
    readonly createdMs: number;
  }[];
  readonly history: readonly {
    readonly key: string;
    readonly sequence: number;
    readonly type: string;
    readonly status: string;
    readonly atMs: number;
  }[];
  readonly requests: readonly { readonly scope: string; readonly reference: string }[];
  readonly payments: readonly {
    readonly key: string;
    readonly status: string;
    readonly amount: number;
    readonly authorised: number;
    readonly captured: number;
    readonly refunded: number;
    readonly manuallyRefunded: number;
    /** Manual refunds that were accepted and are not done. */
    readonly refunding: number;
    readonly work: string;
    /** How often the authorisation was sent. */
    readonly tries: number;
    readonly failures: number;
    readonly paused: boolean;
    readonly voidFor: string | null;
    readonly createdMs: number;
  }[];
  readonly charges: readonly {
    readonly key: string;
    readonly status: string;
    readonly amount: number;
    readonly captured: number;
    readonly refunded: number;
    readonly currency: string;
  }[];
  readonly reservations: readonly {
    readonly key: string;
    readonly status: string;
    readonly allocations: readonly { readonly sku: string; readonly warehouse: string; readonly quantity: number }[];
  }[];
  readonly stock: readonly {
    readonly sku: string;
    readonly warehouse: string;
    readonly onHand: number;
    readonly reserved: number;
    readonly backorder: boolean;
  }[];
  /** Summed. `brought`: units that came and went without an order. */
  readonly movements: readonly {
    readonly sku: string;
    readonly warehouse: string;
    readonly onHand: number;
    readonly reserved: number;
    readonly brought: number;
  }[];
  readonly coupons: readonly {
    readonly key: string;
    readonly code: string | null;
    readonly customer: string | null;
    readonly status: string;
  }[];
  /** Uses of coupons by code and customer; the empty customer counts all. */
  readonly couponUses: readonly { readonly code: string; readonly customer: string; readonly uses: number }[];
  readonly shipments: readonly {
    readonly key: string;
    readonly status: string;
    readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  }[];
  readonly notices: readonly {
    readonly key: string;
    readonly notices: readonly { readonly kind: string; readonly channel: string; readonly status: string }[];
  }[];
  readonly mails: readonly string[];
  /** Counters of what producers have numbered. */
  readonly producers: readonly Positioned[];
  /** Marks of what consumers have handled. */
  readonly consumers: readonly Positioned[];
  readonly outbox: readonly string[];
  readonly intents: readonly string[];
  readonly timers: readonly { readonly name: string; readonly dueMs: number }[];
  readonly deadLetters: readonly Letter[];
}

export interface Letter {
  readonly module: string;
  readonly key: string;
  readonly source: string;
  readonly sequence: number;
  readonly reason: string;
  readonly error: string;
  /** The message's type; null for timers and calls. */
  readonly type: string | null;
}

/** As operators name it. */
export const letterName = ({ module, ...place }: Omit<Letter, "reason" | "error" | "type">) => letterId(module, place);

export const letterInWords = (letter: Letter) => `${letterName(letter)} ${letter.reason}: ${letter.error}`;

/** Each module's aggregate table with its key. */
const AGGREGATES = [
  ["order", '"order".orders', "id"],
  ["payment", "payment.payment", "order_id"],
  ["inventory", "inventory.reservation", "order_id"],
  ["pricing", "pricing.coupon_hold", "order_id"],
  ["delivery", "delivery.shipment", "order_id"],
  ["notification", "notification.order_notices", "order_id"],
] as const;

const union = (part: (module: string, table: string, key: string) => string) =>
  AGGREGATES.map(([module, table, key]) => part(module, table, key)).join(" union all ");

const positions = (direction: "in" | "out") =>
  union(
    (module, table, key) =>
      `select '${module}' as module, p.key as topic, t.${key}::text as key, p.value::int as sequence
        from ${table} t cross join lateral jsonb_each_text(t.positions::text::jsonb->'${direction}') p`,
  );

const marks = union((module) => `select '${module}' as module, topic, key::text, sequence from "${module}".inbox_mark`);

/** Rows of every module's table as one column of text. */
const texts = (table: string, expression: string) =>
  `(select array_agg(x order by x) from (${union((module) => `select ${expression.replaceAll("$module", `'${module}'`)} as x from "${module}".${table}`)}) all_of_them)`;

const millis = (instant: string) => `(extract(epoch from ${instant}) * 1000)::bigint`;

const rows = (query: string) => `(select json_agg(row_to_json(q)) from (${query}) q)`;

const PARTS: Record<keyof Contents, string> = {
  orders:
    rows(`select id::text, customer_id as customer, status, stage, attention, reason, total, currency, payment_token as token, coupon_code as coupon, email,
    items, history_length as "historyLength", version, ${millis("created_at")} as "createdMs" from "order".orders order by id`),
  history:
    rows(`select order_id::text as key, sequence, type, data->>'status' as status, ${millis("at")} as "atMs" from "order".history
    order by order_id, sequence`),
  requests: rows(`select scope::text, reference::text from "order".idempotency order by scope`),
  payments: rows(`select order_id::text as key, status, amount, authorised, captured, refunded,
    manually_refunded as "manuallyRefunded", (select coalesce(sum(a::bigint), 0) from json_array_elements_text(refunds_asked) a) as refunding, work, tries, failures, paused, void_for as "voidFor", ${millis("created_at")} as "createdMs"
    from payment.payment order by order_id`),
  charges: rows("select key, status, amount, captured, refunded, currency from payment_simulator.charge order by key"),
  reservations: rows("select order_id::text as key, status, allocations from inventory.reservation order by order_id"),
  stock: rows(
    `select sku, warehouse, on_hand as "onHand", reserved, backorder from inventory.stock order by sku, warehouse`,
  ),
  movements: rows(`select sku, warehouse, sum(on_hand_delta) as "onHand", sum(reserved_delta) as reserved,
      coalesce(sum(on_hand_delta) filter (where type in ('INITIAL', 'ADJUST')), 0) as brought
    from inventory.movement group by sku, warehouse order by sku, warehouse`),
  coupons: rows(`select order_id::text as key, code, customer_id as customer, status from pricing.coupon_hold
    order by order_id`),
  couponUses: rows("select code, customer_id as customer, uses from pricing.coupon_uses order by code, customer_id"),
  shipments: rows("select order_id::text as key, status, lines from delivery.shipment order by order_id"),
  notices: rows("select order_id::text as key, notices from notification.order_notices order by order_id"),
  mails: "(select array_agg(message_id order by message_id) from notification_mailbox.mail)",
  producers: rows(`${positions("out")} order by 1, 2, 3`),
  consumers: rows(`${positions("in")} union all ${marks} order by 1, 2, 3`),
  outbox: texts("outbox", "format('%s/%s/%s', topic, key, sequence)"),
  intents: texts("call_intent", "format('%s %s of %s', $module, kind, key)"),
  timers: rows(
    `select name, ${millis("due_at")} as "dueMs" from (${union(
      (module) => `select format('%s %s of %s', '${module}', kind, key) as name, due_at from "${module}".timer`,
    )}) t order by due_at, name`,
  ),
  deadLetters: rows(
    `${union(
      (module) => `select '${module}' as module, key, source, sequence, reason, split_part(error, chr(10), 1) as error,
        message::json->>'type' as type from "${module}".dead_letter`,
    )} order by 1, 2, 3, 4`,
  ),
};

const ALL = `select json_build_object(${Object.entries(PARTS)
  .map(([name, query]) => `'${name}', coalesce(to_json(${query}), '[]'::json)`)
  .join(",\n")}) as contents`;

/** Reads everything as committed now. */
export async function readContents(inspect: (sql: string) => Promise<Row[]>): Promise<Contents> {
  const [row] = await inspect(ALL);
  const contents: unknown = row?.["contents"];
  // Built by the statement above, whose parts are the interface's properties.
  return (typeof contents === "string" ? JSON.parse(contents) : contents) as Contents;
}

export interface ContentsReader {
  /** A statement was answered: what it has changed will be read again. */
  onAnswered(statement: Statement, outcome: Outcome): void;
  /** Everything as committed now. */
  read(): Promise<Contents>;
}

/** Tables that are no part of the contents: who lives and holds which shards. */
const LEASES = /^\s*(?:update shard|with (?:idle|gone|quick) as)\b/;
const READS = /^\s*(?:select|begin|rollback)\b/;

/** Reads the tables again only after a statement that may have changed them: most looks find nothing but leases renewed. */
export function createContentsReader(inspect: (sql: string) => Promise<Row[]>): ContentsReader {
  let latest: Contents | undefined;
  return {
    onAnswered({ text }, outcome) {
      if (outcome.status === "rejected" || READS.test(text) || LEASES.test(text)) return;
      if (outcome.value.command === "DELETE" && outcome.value.count === 0) return;
      latest = undefined;
    },
    async read() {
      latest ??= await readContents(inspect);
      return latest;
    },
  };
}
