/** An order's whole life against other modules that behave as their contracts say, in whatever order they answer. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MessageType } from "../../runtime/messages/contract.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { pricingEvents } from "../pricing/contract.ts";
import { begin } from "./advance.ts";
import { orderInvariants } from "./invariants.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order, Stage } from "./order.ts";
import { cancelOrder, resolveOrder, returnOrder } from "./requests.ts";
import { contextAt, deadlines, fire, moment, receive } from "./saga.fixture.ts";

const world = fc.record({
  hasCoupon: fc.boolean(),
  hasStock: fc.boolean(),
  payment: fc.constantFrom("authorised", "declined", "action, then authorised" as const),
  captures: fc.boolean(),
  /** A void that finds the authorisation under way keeps its answer from being told. */
  voidHidesAnswer: fc.boolean(),
  delivers: fc.boolean(),
  /** Picks, at each moment, whose next answer comes, or what else happens. */
  moments: fc.array(fc.nat(10), { minLength: 40, maxLength: 40 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

type Queue = ((order: Order) => Decision<Order>)[];
const ENDS: readonly Stage[] = ["COMPLETED", "RETURNED", "CANCELLED", "REJECTED", "EXPIRED"];

/** The other modules, as far as they must hold what the order asked of them. */
function modulesOf(world: World) {
  const queues: Record<"inventory" | "payment" | "pricing" | "delivery", Queue> = {
    inventory: [],
    payment: [],
    pricing: [],
    delivery: [],
  };
  const answer = <Data>(queue: Queue, type: MessageType<Data>, data: Data) =>
    queue.push((order) => receive(order, type, data as never));
  const { inventory, payment, pricing, delivery } = queues;
  const usd = { amount: newOrder.total, currency: "USD" };
  const held = { stock: "none", money: "none", coupon: world.hasCoupon ? "held" : "none", parcel: "none" };
  const giveBack = () => {
    answer(payment, paymentEvents.PaymentRefunded, { ...usd, refunded: usd.amount, captured: usd.amount });
    held.money = "refunded";
  };
  const commands: Readonly<Record<string, () => void>> = {
    ReserveStock() {
      if (world.hasStock) answer(inventory, inventoryEvents.StockReserved, {});
      else answer(inventory, inventoryEvents.StockRefused, { shortSkus: ["SKU-001"] });
      held.stock = world.hasStock ? "held" : "refused";
    },
    ConfirmStock() {
      if (held.stock !== "held") throw new Error(`stock that is ${held.stock} was made firm`);
      held.stock = "firm";
    },
    ReleaseStock() {
      if (held.stock === "shipped") throw new Error("shipped stock was released");
      answer(inventory, inventoryEvents.StockReleased, {});
      held.stock = "released";
    },
    ShipStock() {
      if (held.stock !== "firm") throw new Error(`stock that is ${held.stock} was shipped`);
      held.stock = "shipped";
    },
    RestockReturned() {
      held.stock = "returned";
    },
    AuthorisePayment() {
      if (world.payment === "declined")
        return void answer(payment, paymentEvents.PaymentDeclined, { reason: "payment_declined" });
      if (world.payment !== "authorised") answer(payment, paymentEvents.PaymentActionRequired, { url: "u" });
      answer(payment, paymentEvents.PaymentAuthorised, usd);
      held.money = "authorised";
    },
    CapturePayment() {
      if (held.money === "captured" || world.captures) answer(payment, paymentEvents.PaymentCaptured, usd);
      else answer(payment, paymentEvents.PaymentCaptureFailed, { reason: "capture_refused" });
      if (world.captures) held.money = "captured";
    },
    VoidPayment() {
      if (held.money === "captured" || held.money === "refunded") return giveBack();
      if (world.voidHidesAnswer) payment.length = 0;
      answer(payment, paymentEvents.PaymentVoided, {});
      held.money = "voided";
    },
    RefundPayment: giveBack,
    UseCoupon() {
      answer(pricing, pricingEvents.CouponUsed, {});
      held.coupon = "used";
    },
    ReleaseCoupon() {
      answer(pricing, pricingEvents.CouponReleased, {});
      held.coupon = "released";
    },
    ScheduleShipment() {
      answer(delivery, deliveryEvents.ShipmentScheduled, { deliveryId: "d" });
      held.parcel = "scheduled";
    },
    CancelShipment() {
      const hasLeft = held.parcel !== "scheduled" && held.parcel !== "cancelled";
      answer(delivery, hasLeft ? deliveryEvents.ShipmentCancelRefused : deliveryEvents.ShipmentCancelled, {});
      if (!hasLeft) held.parcel = "cancelled";
    },
    HandOverParcel() {
      if (held.parcel === "cancelled") throw new Error("a cancelled parcel was handed over");
      if (held.money !== "captured") throw new Error(`a parcel left while its money was ${held.money}`);
      answer(delivery, deliveryEvents.ParcelHandedOver, {});
      held.parcel = "out";
    },
  };
  /** What happens at delivery by itself. */
  function parcelMoves() {
    if (held.parcel === "scheduled" || held.parcel === "scheduled, wanted") {
      answer(delivery, deliveryEvents.DispatchRequested, {});
      held.parcel = "scheduled, wanted";
    }
    if (held.parcel !== "out") return;
    if (world.delivers) answer(delivery, deliveryEvents.ParcelDelivered, {});
    else {
      answer(delivery, deliveryEvents.DeliveryFailed, { attempt: 1, final: false });
      answer(delivery, deliveryEvents.DeliveryFailed, { attempt: 3, final: true });
      answer(delivery, deliveryEvents.ParcelReturned, {});
    }
    held.parcel = world.delivers ? "delivered" : "back";
  }
  const cancelShipment = commands["CancelShipment"];
  return {
    queues,
    held,
    parcelMoves,
    carryOut(type: string) {
      if (type === "CancelShipment" && held.parcel === "scheduled, wanted") held.parcel = "scheduled";
      if (type === "CancelShipment") return cancelShipment?.();
      commands[type]?.();
    },
  };
}

/** Plays an order to its end, and returns all that was decided. */
function play(world: World) {
  const { queues, held, parcelMoves, carryOut } = modulesOf(world);
  const timers = new Set<string>();
  const sent: string[] = [];
  const sequences: unknown[] = [];
  let order: Order = { ...newOrder, couponCode: world.hasCoupon ? "WELCOME10" : null };
  let before: Order | undefined;
  let now = 0;

  function take(decision: Decision<Order>) {
    orderInvariants(before, decision, new Map<string, never>());
    if (decision.state) order = decision.state;
    before = order;
    for (const { row } of decision.entries ?? []) sequences.push(row.sequence);
    for (const kind of decision.cancelTimers ?? []) timers.delete(kind);
    for (const { kind } of decision.setTimers ?? []) timers.add(kind);
    for (const { type } of decision.messages ?? []) {
      sent.push(type);
      carryOut(type);
    }
    expect(timers.size).toBeLessThanOrEqual(1);
  }
  function fireTimer() {
    const [kind] = timers;
    if (kind === undefined) return;
    timers.delete(kind);
    take(fire(order, kind, now));
  }
  const context = () => contextAt(now);
  const happenings = [
    ...Object.values(queues).map((queue) => () => {
      const next = queue.shift();
      if (next) take(next(order));
    }),
    parcelMoves,
    fireTimer,
    () => take(cancelOrder(deadlines).decide(order, { by: "customer" }, context())),
    () => take(returnOrder(deadlines).decide(order, { by: "operator", reason: "r" }, context())),
    () => take(resolveOrder(deadlines).decide(order, { action: "retry", reason: "r" }, context())),
    () => take(resolveOrder(deadlines).decide(order, { action: "close", reason: "r" }, context())),
  ];
  take(begin(order, moment));
  for (const each of world.moments) {
    now++;
    happenings[each % happenings.length]?.();
  }
  // Whatever is still under way comes to its end; an order that cannot be captured is cancelled by an operator.
  for (let round = 0; round < 60 && (!ENDS.includes(order.stage) || order.undoing.length > 0); round++) {
    now++;
    for (const happening of happenings.slice(0, 5)) happening();
    if (order.stage === "DELIVERED") fireTimer();
    if (order.attention === "capture_refused")
      take(resolveOrder(deadlines).decide(order, { action: "cancel", reason: "r" }, context()));
  }
  for (let round = 0; round < 20; round++) for (const happening of happenings.slice(0, 4)) happening();
  return { order, sent, sequences, timers, held };
}

interface LeftBehind {
  readonly stock: readonly string[];
  readonly money: readonly string[];
  readonly parcel: readonly string[];
  readonly coupon: readonly string[];
}
const UNDONE: LeftBehind = {
  stock: ["none", "released", "refused"],
  money: ["none", "voided", "refunded"],
  parcel: ["none", "cancelled"],
  coupon: ["none", "released"],
};
const LEFT_BEHIND: Readonly<Partial<Record<Stage, LeftBehind>>> = {
  COMPLETED: { stock: ["shipped"], money: ["captured"], parcel: ["delivered"], coupon: ["none", "used"] },
  RETURNED: { stock: ["returned"], money: ["refunded"], parcel: ["delivered", "back"], coupon: ["none", "used"] },
};

describe("an order, whatever is answered in whatever order, whoever asks for what meanwhile", () => {
  test("ends in one stage, with no timer left", () => {
    verify(
      fc.property(world, (each) => {
        const { order, timers } = play(each);
        expect(ENDS).toContain(order.stage);
        expect([order.attention, order.undoing, [...timers]]).toEqual([null, [], []]);
      }),
      500,
    );
  });

  test("leaves with the others what its end says, and nothing else", () => {
    verify(
      fc.property(world, (each) => {
        const { order, held } = play(each);
        const wanted = LEFT_BEHIND[order.stage] ?? UNDONE;
        for (const what of ["stock", "money", "parcel", "coupon"] as const) expect(wanted[what]).toContain(held[what]);
      }),
      500,
    );
  });

  test("tells of its sale, of its parcel and of its end once each, and has a history without holes", () => {
    verify(
      fc.property(world, (each) => {
        const { order, sent, sequences } = play(each);
        expect(sequences).toEqual(Array.from({ length: order.historyLength }, (_, index) => index + 1));
        const counts = (type: string) => sent.filter((name) => name === type).length;
        const end = {
          COMPLETED: "OrderClosed",
          RETURNED: "OrderReturned",
          CANCELLED: "OrderCancelled",
          REJECTED: "OrderRefused",
          EXPIRED: "OrderRefused",
        } as Readonly<Record<string, string>>;
        for (const type of new Set(Object.values(end))) expect(counts(type)).toBe(end[order.stage] === type ? 1 : 0);
        for (const type of ["OrderConfirmed", "OrderShipped", "OrderDelivered"])
          expect(counts(type)).toBeLessThanOrEqual(1);
        expect(counts("OrderShipped")).toBeLessThanOrEqual(counts("OrderConfirmed"));
      }),
      500,
    );
  });
});

test("a stage and an answer that do not belong together throw, whatever else is true of the order", () => {
  const early: readonly [Stage, MessageType<unknown>, object][] = [
    ["PENDING", paymentEvents.PaymentAuthorised, { amount: 1, currency: "USD" }],
    ["RESERVED", deliveryEvents.ShipmentScheduled, { deliveryId: "d" }],
    ["CONFIRMED", deliveryEvents.DispatchRequested, {}],
    ["FULFILLING", paymentEvents.PaymentCaptured, { amount: 1, currency: "USD" }],
    ["CAPTURING", deliveryEvents.ParcelHandedOver, {}],
    ["HANDING_OVER", deliveryEvents.ParcelDelivered, {}],
    ["SHIPPED", deliveryEvents.ParcelReturned, {}],
    ["DELIVERED", deliveryEvents.ParcelReturned, {}],
    ["COMPLETED", inventoryEvents.StockReleased, {}],
    ["CANCELLED", deliveryEvents.ParcelHandedOver, {}],
    ["CANCELLED", deliveryEvents.ParcelDelivered, {}],
    ["REJECTED", deliveryEvents.ParcelReturned, {}],
  ];
  verify(
    fc.property(fc.constantFrom(...early), fc.boolean(), ([stage, type, data], attention) => {
      const order: Order = { ...newOrder, stage, attention: attention ? "overdue" : null, historyLength: 3 };
      expect(() => receive(order, type, data)).toThrow("does not fit");
    }),
  );
});
