import { describe, expect, test } from "bun:test";
import type { Decision } from "../../runtime/messages/decision.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order } from "./order.ts";
import { type Answer, type AsRead, cancelOrder, resolveOrder, returnOrder } from "./requests.ts";
import { contextAt, deadlines, fire, NOW, ordersByStage, receive, refundOf, stateOf } from "./saga.fixture.ts";

type Decided = Decision<Order> & { readonly answer: Answer };
const sent = ({ messages = [] }: Decision<Order>) => messages.map(({ type }) => type);
const told = ({ entries = [] }: Decision<Order>) => entries.map(({ row }) => [row.type, row.data]);
const usd = { amount: newOrder.total, currency: "USD" };

const ask = (order: Order): Decided => cancelOrder(deadlines).decide(order, { by: "customer" }, contextAt(NOW));
const giveBack = (order: Order): Decided =>
  returnOrder(deadlines).decide(order, { by: "customer", reason: "too small" }, contextAt(NOW));
const resolve = (order: Order, action: "retry" | "cancel" | "close"): Decided =>
  resolveOrder(deadlines).decide(order, { action, reason: "seen" }, contextAt(NOW));
const whyNot = ({ answer }: Decided) => (answer.kind === "refused" ? answer.why : "");

const at = ordersByStage();
const stopped = stateOf(receive(at.CAPTURING, paymentEvents.PaymentCaptureFailed, { reason: "capture_refused" }));

describe("cancel", () => {
  test.each([
    ["PENDING", ["ReleaseStock"], ["stock"]],
    ["RESERVED", ["VoidPayment"], ["payment", "stock"]],
    ["CONFIRMED", ["CancelShipment"], ["shipment", "payment", "stock"]],
    ["FULFILLING", ["CancelShipment"], ["shipment", "payment", "stock"]],
    ["CAPTURING", ["CancelShipment"], ["shipment", "payment", "stock"]],
    ["HANDING_OVER", ["CancelShipment"], ["shipment", "payment", "stock"]],
  ] as const)("in %s everything asked for is to be undone, the last first", (stage, asked, undoing) => {
    const decision = ask(at[stage]);
    expect(sent(decision)).toEqual([...asked]);
    expect(stateOf(decision)).toMatchObject({ status: "CANCEL_PENDING", reason: "cancelled_by_customer", undoing });
    expect(decision.setTimers).toEqual([{ kind: "overdue", dueMs: NOW + deadlines.compensationMs }]);
    expect(told(decision)).toEqual([["CancelRequested", { by: "customer", status: "CANCEL_PENDING" }]]);
  });

  test("only as its sender has read it, where he says so", () => {
    const order = at.FULFILLING;
    const askAs = (onlyAs: AsRead) =>
      cancelOrder(deadlines).decide(order, { by: "customer", onlyAs }, contextAt(NOW)).answer.kind;
    expect(askAs(order)).toBe("accepted");
    for (const other of [{ historyLength: order.historyLength - 1 }, null]) expect(askAs(other)).toBe("changed");
  });

  test("the last undo is told, and then the end", () => {
    const pending = stateOf(ask(at.PENDING));
    expect(told(receive(pending, inventoryEvents.StockReleased, {}))).toEqual([
      ["StockReleased", { status: "CANCEL_PENDING" }],
      ["OrderCancelled", { status: "CANCELLED" }],
    ]);
  });

  test("what was captured in the meantime is refunded, all of it", () => {
    const pending = stateOf(ask(at.CAPTURING));
    const captured = stateOf(receive(pending, paymentEvents.PaymentCaptured, usd));
    expect(captured.status).toBe("CANCEL_PENDING");
    const undoing = stateOf(receive(captured, deliveryEvents.ShipmentCancelled, {}));
    const part = stateOf(receive(undoing, paymentEvents.PaymentRefunded, refundOf(1)));
    expect(part.undoing).toEqual(["payment", "stock"]);
    const all = receive(part, paymentEvents.PaymentRefunded, refundOf(newOrder.total - 1, newOrder.total));
    expect([stateOf(all).undoing, sent(all)]).toEqual([["stock"], ["ReleaseStock"]]);
  });

  test("the parcel has left: the history says so", () => {
    const left = receive(stateOf(ask(at.HANDING_OVER)), deliveryEvents.ParcelHandedOver, {});
    expect(told(left)).toEqual([["cancel_refused", { status: "SHIPPED" }]]);
    expect(whyNot(ask(stateOf(left)))).toContain("SHIPPED");
  });

  test("delivery's refusal alone says that the parcel has left", () => {
    const left = receive(stateOf(ask(at.HANDING_OVER)), deliveryEvents.ShipmentCancelRefused, {});
    expect([stateOf(left).status, told(left)]).toEqual(["SHIPPED", [["cancel_refused", { status: "SHIPPED" }]]]);
  });

  test("a parcel that leaves after its shipment was cancelled is a bug", () => {
    const undoing = stateOf(receive(stateOf(ask(at.HANDING_OVER)), deliveryEvents.ShipmentCancelled, {}));
    expect(() => receive(undoing, deliveryEvents.ParcelHandedOver, {})).toThrow("does not fit");
  });

  test("answers to what was asked before still come, and change nothing", () => {
    const pending = stateOf(ask(at.PENDING));
    const late = receive(pending, inventoryEvents.StockReserved, {});
    expect([stateOf(late).status, sent(late)]).toEqual(["CANCEL_PENDING", []]);
    const done = receive(stateOf(late), inventoryEvents.StockReleased, {});
    expect([stateOf(done).status, sent(done)]).toEqual(["CANCELLED", ["OrderCancelled"]]);
  });

  test("asked again it is accepted and changes nothing; too late it is refused", () => {
    const again = ask(stateOf(ask(at.FULFILLING)));
    expect([again.answer.kind, again.entries, again.messages]).toEqual(["accepted", undefined, undefined]);
    for (const stage of ["SHIPPED", "DELIVERED", "COMPLETED", "COMING_BACK", "RETURNED"] as const)
      expect(whyNot(ask(at[stage]))).toContain(at[stage].status);
    const expired = stateOf(fire(at.PENDING, "placement-deadline"));
    expect(ask(expired).state).toBeUndefined();
  });
});

describe("return", () => {
  test("is told with who asked and why; asked again nothing happens", () => {
    const decision = giveBack(at.DELIVERED);
    expect(told(decision)).toEqual([["ReturnAccepted", { by: "customer", reason: "too small", status: "RETURNING" }]]);
    expect(giveBack(stateOf(decision)).entries).toBeUndefined();
  });

  test("before the delivery and after the window it is refused", () => {
    expect(whyNot(giveBack(at.SHIPPED))).toContain("only a delivered order");
    expect(whyNot(giveBack(at.COMING_BACK))).toContain("RETURNING");
    expect(whyNot(giveBack(at.COMPLETED))).toContain("is over");
  });
});

describe("resolve", () => {
  const expired = stateOf(fire(at.RESERVED, "placement-deadline"));
  const overdueRefusal = stateOf(fire(expired, "overdue"));
  const overdueCancel = stateOf(fire(stateOf(ask(at.FULFILLING)), "overdue"));
  const overdueReturn = stateOf(fire(at.GIVING_BACK, "overdue"));

  test.each([
    ["a capture", stopped, ["CapturePayment"], "FULFILLING"],
    ["a cancel", overdueCancel, ["CancelShipment"], "CANCEL_PENDING"],
    ["a return", overdueReturn, ["RestockReturned", "RefundPayment"], "RETURNING"],
    ["a refusal", overdueRefusal, ["VoidPayment", "ReleaseStock"], "EXPIRED"],
  ] as const)("retry asks again for %s, under a new deadline", (_what, order, asked, status) => {
    const decision = resolve(order, "retry");
    expect([stateOf(decision).status, sent(decision)]).toEqual([status, [...asked]]);
    expect(decision.setTimers).toHaveLength(1);
    expect(told(decision)).toEqual([["OrderResolved", { action: "retry", reason: "seen", status }]]);
  });

  test("cancel undoes an order that cannot be captured", () => {
    const decision = resolve(stopped, "cancel");
    expect(stateOf(decision)).toMatchObject({ status: "CANCEL_PENDING", reason: "cancelled_by_operator" });
    expect(whyNot(resolve(overdueCancel, "cancel"))).toContain("being undone already");
  });

  test.each([
    ["a return", overdueReturn, "RETURNED", ["OrderReturned"]],
    ["a refusal", overdueRefusal, "EXPIRED", []],
  ] as const)("close ends %s that was settled by hand", (_what, order, status, messages) => {
    const decision = resolve(order, "close");
    expect(stateOf(decision)).toMatchObject({ status, settledByHand: true, undoing: [], attention: null });
    expect(sent(decision)).toEqual([...messages]);
  });

  test("close takes one undo of a cancel for done and goes on with the next, but never the shipment's", () => {
    expect(whyNot(resolve(overdueCancel, "close"))).toContain("Only delivery knows");
    const cancelled = stateOf(receive(overdueCancel, deliveryEvents.ShipmentCancelled, {}));
    const money = resolve(stateOf(fire(cancelled, "overdue")), "close");
    expect(stateOf(money)).toMatchObject({ status: "CANCEL_PENDING", undoing: ["stock"], settledByHand: true });
    expect([sent(money), money.setTimers?.length]).toEqual([["ReleaseStock"], 1]);
    const stock = resolve(stateOf(fire(stateOf(money), "overdue")), "close");
    expect([stateOf(stock).status, sent(stock)]).toEqual(["CANCELLED", ["OrderCancelled"]]);
  });

  test("an order that is to be delivered cannot be closed, nor one that needs nobody", () => {
    expect(whyNot(resolve(stopped, "close"))).toContain("still to be delivered");
    expect(whyNot(resolve(at.FULFILLING, "retry"))).toContain("needs nobody");
  });
});
