import { expect, test } from "bun:test";
import { topicOf } from "../../runtime/messages/contract.ts";
import { moduleOf } from "../../runtime/module.fixture.ts";
import { orderEvents } from "./contract.ts";
import { orderDiagrams } from "./diagrams.ts";
import { transitions } from "./order.ts";
import { saga, steps } from "./saga.ts";

const NONE = { subscribes: [], sends: [] };
const order = { ...moduleOf("order", NONE), asks: [{ module: "pricing", name: "priceBasket" }] };
const reader = moduleOf("reader", { ...NONE, subscribes: [topicOf(orderEvents)] });
const { "order stages": stages = "", "order ends": ends = "", ...others } = orderDiagrams([order, reader]);

test("every legal change of stage is drawn once, and says what makes it happen", () => {
  const drawn = [...`${stages}\n${ends}`.matchAll(/^ {2}([A-Z_]+) --> ([A-Z_]+): .+$/gm)].map(([, from, to]) => [
    from,
    to,
  ]);
  const legal = Object.entries(transitions).flatMap(([from, targets]) => targets.map((to) => [from, to]));
  expect(drawn.toSorted()).toEqual(legal.toSorted());
});

test("every stage at which an order ends leads to the end", () => {
  for (const [stage, targets] of Object.entries(transitions))
    if (targets.length === 0) expect(`${stages}\n${ends}`).toContain(`${stage} --> [*]`);
});

test("the way of an order begins with what it asks, and ends COMPLETED", () => {
  const lines = (others["order messages"] ?? "").split("\n");
  expect(lines).toContain("  order->>pricing: priceBasket, asked at once");
  expect(lines.findIndex((line) => line.includes("AuthorisePayment"))).toBeLessThan(
    lines.findIndex((line) => line.includes("PaymentAuthorised")),
  );
  expect(lines.findLast((line) => line.includes("Note over order"))).toContain("COMPLETED");
  expect(lines).toContain("  order--)reader: OrderClosed");
});

test("the picture has every stage of an order that comes to something, with what is sent, heard and told", () => {
  const picture = others["way-of-an-order.svg"] ?? "";
  for (const [stage, { moves = [] }] of Object.entries(saga)) {
    const isUndone = ["PLACING", "CANCEL_PENDING", "CANCELLED", "REJECTED", "EXPIRED"].includes(stage);
    expect([stage, picture.includes(`class="stage">${stage}<`)]).toEqual([stage, !isUndone]);
    if (!isUndone) for (const { type } of moves) expect(picture).toContain(type.type);
  }
  for (const part of ["priceBasket", "ReserveStock", "tells OrderShipped", '"name">reader<'])
    expect(picture).toContain(part);
});

test("the table has a row for each step, with every answer that the step waits for", () => {
  const rows = (others["order steps"] ?? "").split("\n").slice(2);
  expect(rows.map((row) => row.split(" | ")[0]?.slice(2).trimEnd())).toEqual(steps.map(({ name }) => name));
  for (const [index, { moves = [] }] of steps.entries())
    for (const { type } of moves) expect(rows[index]).toContain(type.type);
});
