/** Damage to the platform's data, as SQL of the superuser: what is changed behind the platform's back, and brought back. */

type Harm = (id: string) => string;

export const COUPON = "WELCOME10";
/** Coupons with a limit for all and for each customer; of each, one use by this customer. */
export const LIMITED_COUPONS = ["FEW1", "FEW2", "FEW3", "FEW4"] as const;
export const CUSTOMER = "alice";

/** Of orders that do not exist. */
export const NOBODY = ["01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"] as const;
/** No shard that is held, so that nobody looks there. */
export const UNHELD = 77;
const COMMANDS = "genai-demo.delivery.commands.v1";
export const PAST = "2026-01-01Z";
export const FUTURE = "2999-01-01Z";

const TABLES = {
  order: ['"order".orders', "id"],
  history: ['"order".history', "order_id"],
  payment: ["payment.payment", "order_id"],
  reservation: ["inventory.reservation", "order_id"],
  movement: ["inventory.movement", "order_id"],
  hold: ["pricing.coupon_hold", "order_id"],
  shipment: ["delivery.shipment", "order_id"],
  notices: ["notification.order_notices", "order_id"],
} as const;

type Table = keyof typeof TABLES;

/** Sets columns of the order's row. */
export const set = (table: Table, change: string) => (id: string) =>
  `update ${TABLES[table][0]} set ${change} where ${TABLES[table][1]} = '${id}'`;
/** Takes the order's row away, and leaves its marks where those stand of which there is no row. */
export const lost = (table: "reservation" | "hold", module: string) => (id: string) =>
  `insert into ${module}.inbox_mark (key, topic, sequence, marked_at)
      select '${id}', m.key, m.value::int, now()
      from ${TABLES[table][0]} t cross join jsonb_each_text(t.positions::jsonb->'in') m where t.order_id = '${id}';
    ${gone(table)(id)}`;
/** Takes away what the order has in a table. */
export const gone =
  (table: Table, more = "true") =>
  (id: string) =>
    `delete from ${TABLES[table][0]} where ${TABLES[table][1]} = '${id}' and ${more}`;

export const charge = (change: string) => (id: string) =>
  `update payment_simulator.charge set ${change} where key like '${id}:%'`;
export const stock = (change: string, sku: string) => () => `update inventory.stock set ${change} where sku = '${sku}'`;
/** Doubles the quantity of every line in a JSON column. */
export const doubled = (table: Table, column: string) =>
  set(
    table,
    `${column} = (select json_agg(jsonb_set(line::jsonb, '{quantity}', to_jsonb((line->>'quantity')::int * 2)))
      from json_array_elements(${column}) line)`,
  );
export const uses = (change: string, code: string, customer: string) => () =>
  `update pricing.coupon_uses set ${change} where code = '${code}' and customer_id = '${customer}'`;
export const hold = (status: string) => (id: string) =>
  `insert into pricing.coupon_hold (order_id, code, customer_id, status, renewal, failures, version, positions)
    values ('${id}', '${COUPON}', '${CUSTOMER}', '${status}', 1, 0, 1, '{"in":{},"out":{}}')`;
export const timer = (module: string, kind: string, dueAt: string) => (id: string) =>
  `insert into ${module}.timer (shard, key, kind, due_at) values (${UNHELD}, '${id}', '${kind}', '${dueAt}')`;
export const outboxRow = (sequence: number) => (id: string) =>
  `insert into "order".outbox (shard, key, topic, sequence, message)
    values (${UNHELD}, '${id}', '${COMMANDS}', ${sequence}, '{}')`;
export const letter = (sequence: number, reason: string) => (id: string) =>
  `insert into delivery.dead_letter (key, source, sequence, reason, error, message, parked_at)
    values ('${id}', '${COMMANDS}', ${sequence}, '${reason}', 'planted', '{}', '${PAST}')`;
/** Moves delivery's mark of the order's commands. */
export const mark = (step: number) =>
  set(
    "shipment",
    `positions = jsonb_set(positions::jsonb, '{in,${COMMANDS}}',
      to_jsonb((positions::jsonb#>>'{in,${COMMANDS}}')::int + ${step}))::json`,
  );
export const twoCharges = (id: string) =>
  `insert into payment_simulator.charge (key, status, detail, amount, currency, at)
    values ('${id}:auth:2', 'authorised', 'planted', 3780, 'USD', '${PAST}')`;
/** A shipment like that of some other order. */
export const shipmentFor = (id: string) =>
  `insert into delivery.shipment (order_id, id, customer_id, status, address, lines, created_at, updated_at, version, positions)
    select '${id}', gen_random_uuid(), customer_id, 'SCHEDULED', address, lines, created_at, updated_at, 1, '{"in":{},"out":{}}'
    from delivery.shipment order by order_id limit 1`;
export const bothOf = (first: Harm, second: Harm) => (id: string) => `${first(id)}; ${second(id)}`;
export const SETTLED = set("order", "settled_by_hand = true");

/** No damage: what could not be given back was settled by hand. */
export const settledByHand = bothOf(
  SETTLED,
  set("payment", "status = 'CAPTURED', authorised = amount, captured = amount"),
);

const DAMAGED_TABLES = [
  ...Object.values(TABLES).map(([table]) => table),
  '"order".timer',
  '"order".outbox',
  "payment.call_intent",
  "payment_simulator.charge",
  "inventory.stock",
  "inventory.inbox_mark",
  "pricing.inbox_mark",
  "pricing.coupon",
  "pricing.coupon_uses",
  "delivery.timer",
  "delivery.dead_letter",
];

/** Statements that keep a copy of whatever is damaged, and that bring it back. */
export const KEEP = [
  "create schema kept",
  ...DAMAGED_TABLES.map((table, index) => `create table kept.t${index} as table ${table}`),
].join("; ");
export const MEND = DAMAGED_TABLES.map(
  (table, index) => `delete from ${table}; insert into ${table} table kept.t${index}`,
).join("; ");
