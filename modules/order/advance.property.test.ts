import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageType } from "../../runtime/messages/contract.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { begin, PLACEMENT_DEADLINE, sagaHandlers, sagaTimers } from "./advance.ts";
import { orderInvariants } from "./invariants.ts";
import { newOrder } from "./order.fixture.ts";
import { isDecided, isRefused, type Order, transitions } from "./order.ts";

interface Answer {
  readonly type: MessageType<unknown>;
  readonly data: object;
}
const reserved: Answer = { type: inventoryEvents.StockReserved, data: {} };
const refused: Answer = { type: inventoryEvents.StockRefused, data: { shortSkus: ["SKU-001"] } };
const released: Answer = { type: inventoryEvents.StockReleased, data: {} };
const authorised: Answer = { type: paymentEvents.PaymentAuthorised, data: { amount: 1000, currency: "USD" } };
const declined: Answer = { type: paymentEvents.PaymentDeclined, data: { reason: "payment_declined" } };
const voided: Answer = { type: paymentEvents.PaymentVoided, data: {} };
const scheduled: Answer = { type: deliveryEvents.ShipmentScheduled, data: { deliveryId: "d" } };
const ANSWERS = [reserved, refused, released, authorised, declined, voided, scheduled];

const context = (now: number) => ({
  key: newOrder.id,
  now,
  ids: { next: () => "unused" },
  shared: new Map<string, never>(),
});
const receive = (order: Order, { type, data }: Answer, now: number): Decision<Order> => {
  const handler = sagaHandlers.find((each) => each.topic === type.topic && each.type === type.type);
  if (!handler) throw new Error(`nobody handles ${type.type}`);
  return handler.prepare(JSON.stringify(data)).decide(order, context(now));
};
const expire = (order: Order, now: number): Decision<Order> => {
  const [deadline] = sagaTimers;
  if (!deadline) throw new Error("there is no deadline");
  return deadline.decide(order, context(now));
};

/** What the other modules will do with this order. */
const world = fc.record({
  hasStock: fc.boolean(),
  isPaid: fc.boolean(),
  /** A void that finds the authorisation under way keeps its answer from being told. */
  voidHidesAnswer: fc.boolean(),
  /** Picks, at each moment, which topic's next answer comes or whether the deadline passes. */
  moments: fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const UNDO: Readonly<Record<string, string>> = { ReserveStock: "ReleaseStock", AuthorisePayment: "VoidPayment" };

/** Plays an order to its end against the world, and returns all that was decided. */
function play({ hasStock, isPaid, voidHidesAnswer, moments }: World) {
  const queues: [Answer[], Answer[], Answer[]] = [[], [], []];
  const [inventory, provider, delivery] = queues;
  const sent: string[] = [];
  const sequences: unknown[] = [];
  const statuses: string[] = [];
  let timer = false;
  let order = newOrder;
  let refusedStep: string | null = null;

  const reactions: Readonly<Record<string, () => void>> = {
    ReserveStock: () => inventory.push(hasStock ? reserved : refused),
    ReleaseStock: () => inventory.push(released),
    AuthorisePayment: () => provider.push(isPaid ? authorised : declined),
    VoidPayment() {
      if (voidHidesAnswer) provider.length = 0;
      provider.push(voided);
    },
    ScheduleShipment: () => delivery.push(scheduled),
  };
  function take(decision: Decision<Order>) {
    if (!decision.state) throw new Error("nothing was decided");
    orderInvariants(statuses.length === 0 ? undefined : order, decision, new Map<string, never>());
    order = decision.state;
    statuses.push(order.status);
    for (const { row } of decision.entries ?? []) sequences.push(row.sequence);
    for (const each of decision.setTimers ?? []) timer ||= each.kind === PLACEMENT_DEADLINE;
    if (decision.cancelTimers?.includes(PLACEMENT_DEADLINE)) timer = false;
    for (const { type } of decision.messages ?? []) {
      sent.push(type);
      reactions[type]?.();
    }
  }
  take(begin(newOrder, 1000, 0));
  let now = 0;
  // The last moments are enough for whatever is still under way.
  for (const moment of [...moments, ...Array.from({ length: 12 }, (_, index) => index % 3)]) {
    now++;
    const before = order.status;
    if (moment === 3) {
      if (!timer) continue;
      timer = false;
      take(expire(order, now));
      continue;
    }
    const answer = queues[moment]?.shift();
    if (!answer) continue;
    if (answer === refused && before === "PENDING") refusedStep = "ReserveStock";
    if (answer === declined && before === "RESERVED") refusedStep = "AuthorisePayment";
    take(receive(order, answer, now));
  }
  return { order, sent, sequences, statuses, timer, refusedStep, left: queues.flat().length };
}

describe("an order, whatever is answered in whatever order, the deadline at any moment", () => {
  test("ends in one legal way, and an end is never left", () => {
    verify(
      fc.property(world, (each) => {
        const { order, statuses, timer, left } = play(each);
        expect(left).toBe(0);
        expect(["FULFILLING", "REJECTED", "EXPIRED"]).toContain(order.status);
        expect(timer).toBe(!isDecided(order.status));
        for (const [index, status] of statuses.entries()) {
          const before = statuses[index - 1];
          if (before === undefined || before === status) continue;
          expect(transitions[before as Order["status"]] as readonly string[]).toContain(status);
        }
      }),
      500,
    );
  });

  test("has a history numbered from 1 without holes", () => {
    verify(
      fc.property(world, (each) => {
        const { order, sequences } = play(each);
        expect(sequences).toEqual(Array.from({ length: order.historyLength }, (_, index) => index + 1));
      }),
    );
  });

  test("asks for nothing twice, and undoes exactly what it asked for and was not refused, last first", () => {
    verify(
      fc.property(world, (each) => {
        const { order, sent, refusedStep } = play(each);
        expect(new Set(sent).size).toBe(sent.length);
        const undos = sent.filter((type) => Object.values(UNDO).includes(type));
        const asked = sent.filter((type) => type in UNDO && type !== refusedStep);
        const owed = isRefused(order.status) ? asked.reverse().map((type) => UNDO[type] ?? "") : [];
        expect(undos).toEqual(owed);
        expect(sent.filter((type) => type === "OrderRefused")).toHaveLength(isRefused(order.status) ? 1 : 0);
        expect(sent.includes("OrderConfirmed")).toBe(order.status === "FULFILLING");
        expect(sent.includes("ConfirmStock")).toBe(order.status === "FULFILLING");
      }),
      500,
    );
  });

  test("throws on an answer that cannot be, and only on such", () => {
    const fits: Readonly<Record<string, readonly Answer[]>> = {
      PENDING: [reserved, refused],
      RESERVED: [authorised, declined],
      CONFIRMED: [scheduled],
      FULFILLING: [],
    };
    const undone = [released, voided];
    const some = fc.constantFrom(...(Object.keys(transitions) as Order["status"][]));
    verify(
      fc.property(some, fc.nat(ANSWERS.length - 1), (status, index) => {
        const answer = ANSWERS[index] ?? reserved;
        const order: Order = { ...newOrder, status, historyLength: 3 };
        const legal = undone.includes(answer) || isRefused(status) || (fits[status] ?? []).includes(answer);
        if (!legal) expect(() => receive(order, answer, 1)).toThrow("does not fit");
        else if (isRefused(status)) expect(receive(order, answer, 1).state?.status).toBe(status);
        else expect(receive(order, answer, 1).entries?.length).toBeGreaterThan(0);
      }),
      300,
    );
  });
});
