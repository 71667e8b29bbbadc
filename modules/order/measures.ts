/** What operators want to know of orders as numbers: how many, how fast, where in the saga, and how they end. */
import { defineCounter, defineHistogram } from "../../runtime/telemetry/metrics/declaration.ts";
import { type Measure, type Measurement, type Measures, measureOf } from "../../runtime/telemetry/metrics/measure.ts";
import { isDecided, isRefused, type Order, type Stage, transitions } from "./order.ts";

const created = measureOf(
  defineCounter({
    name: "orders.created",
    unit: "{order}",
    description: "Orders that were taken: priced, stored, and on their way.",
    labels: {},
    whenHigh:
      "Good. Watch http.server.requests.turned_away and lane.backlog. When it is low: http.server.request.duration.",
  }),
  {},
);

const processingTime = defineHistogram({
  name: "orders.processing.time",
  unit: "s",
  description: "From an order's placing until its customer knows: it is confirmed, refused or cancelled.",
  labels: { outcome: "`confirmed`, `rejected`, `expired`, `cancelled`" },
  whenHigh:
    "Compare handler.duration of order, inventory and payment; then the provider (calls.waiting) and messaging.consumer.lag.",
});

const steps = defineCounter({
  name: "orders.saga.steps",
  unit: "{order}",
  description: "Orders that came to a stage of the saga.",
  labels: { stage: "the stage, from `PENDING` on" },
  whenHigh: "Where many come and few go on, the module that this stage waits for is slow: docs/how-an-order-flows.md.",
});

const outcomes = defineCounter({
  name: "orders.saga.outcomes",
  unit: "{order}",
  description: "Orders that came to an end of the saga, and those that an operator must take care of.",
  labels: {
    outcome: "a stage in which the saga ends, or `NEEDS_ATTENTION`",
    reason: "why it was refused or cancelled; `none` of the others, `other` of a reason that is not listed",
  },
  whenHigh:
    "NEEDS_ATTENTION: `GET /api/v1/orders?status=NEEDS_ATTENTION`. EXPIRED: something stands still. REJECTED: by its reason.",
});

const OUTCOMES = ["confirmed", "rejected", "expired", "cancelled"] as const;
const stages = Object.keys(transitions) as Stage[]; // the keys of a record by stage
/** By the end that it came to: the reasons that the saga and its contracts give, and none that a person writes. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  COMPLETED: ["none"],
  RETURNED: ["none"],
  CANCELLED: ["cancelled_by_customer", "cancelled_by_operator", "shipment_not_scheduled", "other"],
  REJECTED: ["out_of_stock", "payment_declined", "payment_timeout", "payment_unavailable", "other"],
  EXPIRED: ["deadline_passed", "other"],
  NEEDS_ATTENTION: ["none"],
};

const timeTo = new Map(OUTCOMES.map((outcome) => [outcome, measureOf(processingTime, { outcome })]));
const arrivals = new Map(stages.map((stage) => [stage, measureOf(steps, { stage })]));
const endings = new Map<string, ReadonlyMap<string, Measure>>(
  Object.entries(REASONS).map(([outcome, reasons]) => [
    outcome,
    new Map(reasons.map((reason) => [reason, measureOf(outcomes, { outcome, reason })])),
  ]),
);

/** How an order that is decided was decided; before the pivot whatever is neither confirmed nor refused is being cancelled. */
function decidedAs(stage: Stage): (typeof OUTCOMES)[number] {
  if (isRefused(stage)) return stage === "REJECTED" ? "rejected" : "expired";
  return stage === "CANCEL_PENDING" || stage === "CANCELLED" ? "cancelled" : "confirmed";
}

function ending(outcome: string, reason: string | null): Measurement[] {
  const by = endings.get(outcome);
  const of = by?.get(reason ?? "none") ?? by?.get("other");
  return of ? [{ of, value: 1 }] : [];
}

function measure(before: Order | undefined, after: Order): readonly Measurement[] {
  const found: Measurement[] = [];
  if (before === undefined) found.push({ of: created, value: 1 });
  if (before?.stage !== after.stage) {
    const arrival = arrivals.get(after.stage);
    if (arrival) found.push({ of: arrival, value: 1 });
    found.push(...ending(after.stage, after.reason));
    const time = timeTo.get(decidedAs(after.stage));
    if (time && isDecided(after.stage) && !(before && isDecided(before.stage)))
      found.push({ of: time, value: (after.updatedAt - after.createdAt) / 1000 });
  }
  if (after.attention !== null && before?.attention == null) found.push(...ending("NEEDS_ATTENTION", null));
  return found;
}

export const orderMeasures: Measures<Order> = {
  declared: [
    created,
    ...timeTo.values(),
    ...arrivals.values(),
    ...[...endings.values()].flatMap((by) => [...by.values()]),
  ],
  of: measure,
};
