import { describe, expect, test } from "bun:test";
import type { Reservation } from "./reservation.ts";
import { allocate, reservationHandlers, wantedBySku } from "./reservation.ts";
import { stockIn } from "./stock.fixture.ts";
import { changeFigures, type SkuStock } from "./stock.ts";

const ORDER = "0192aaaa-0000-7000-8000-000000000001";
const stockOf = (sku: string, ...onHand: number[]): SkuStock =>
  stockIn(
    sku,
    onHand.map((units, index) => ({ warehouse: `w${index + 1}`, onHand: units, reserved: 0 })),
  );

function handle(type: string, data: object, reservation: Reservation | undefined, stock: readonly SkuStock[]) {
  const handler = reservationHandlers.find((each) => each.type === type);
  if (!handler) throw new Error(`nobody handles ${type}`);
  let id = 0;
  const shared = new Map(stock.map((each) => [each.sku, each]));
  const prepared = handler.prepare(JSON.stringify(data));
  return {
    needs: prepared.sharedKeys(reservation),
    ...prepared.decide(reservation, { key: ORDER, now: 1, ids: { next: () => `id-${++id}` }, shared }),
  };
}

const lines = (...pairs: [string, number][]) => ({ lines: pairs.map(([sku, quantity]) => ({ sku, quantity })) });

describe("reserving", () => {
  test("takes all lines and writes the movements that explain it", () => {
    const decision = handle("ReserveStock", lines(["A", 2], ["B", 1]), undefined, [stockOf("A", 5), stockOf("B", 1)]);
    expect(decision.state).toMatchObject({ status: "HELD" });
    expect(decision.shared?.get("A")?.warehouses[0]?.reserved).toBe(2);
    expect(decision.shared?.get("B")?.warehouses[0]?.reserved).toBe(1);
    expect(decision.entries?.map(({ row }) => [row.sku, row.reservedDelta])).toEqual([
      ["A", 2],
      ["B", 1],
    ]);
    expect(decision.needs).toEqual(["A", "B"]);
  });

  test("takes none when one is short, counts lines that share a SKU together, and names what is short", () => {
    const decision = handle("ReserveStock", lines(["A", 3], ["B", 1], ["A", 3]), undefined, [
      stockOf("A", 5),
      stockOf("B", 1),
    ]);
    expect(decision.state).toEqual({ orderId: ORDER, status: "REFUSED", allocations: [] });
    expect(decision.shared).toBeUndefined();
    expect(JSON.parse(decision.messages?.[0]?.data ?? "")).toEqual({ shortSkus: ["A"] });
  });

  test("an unknown SKU is short", () => {
    expect(handle("ReserveStock", lines(["X", 1]), undefined, []).state?.status).toBe("REFUSED");
  });

  test("a reservation that exists is not made again", () => {
    const held: Reservation = { orderId: ORDER, status: "HELD", allocations: [] };
    expect(handle("ReserveStock", lines(["A", 1]), held, [stockOf("A", 5)]).state).toBeUndefined();
  });
});

describe("allocating", () => {
  test("the fullest warehouse first, then the next", () => {
    expect(allocate(stockOf("A", 2, 5), 6)).toEqual([
      { sku: "A", warehouse: "w2", quantity: 5 },
      { sku: "A", warehouse: "w1", quantity: 1 },
    ]);
  });

  test("what no warehouse has is owed by the default one, else by the first by name", () => {
    const shelf = (warehouse: string, onHand: number, reserved = 0) => ({ warehouse, onHand, reserved });
    const owed = (...shelves: ReturnType<typeof shelf>[]) =>
      allocate(stockIn("A", shelves, { backorder: true }), 9).map(({ warehouse, quantity }) => [warehouse, quantity]);
    expect(owed(shelf("east", 3), shelf("main", 2))).toEqual([
      ["east", 3],
      ["main", 6],
    ]);
    expect(owed(shelf("east", 3), shelf("main", 2, 8))).toEqual([
      ["east", 3],
      ["main", 6],
    ]);
    expect(owed(shelf("north", 4), shelf("east", 1))).toEqual([
      ["north", 4],
      ["east", 5],
    ]);
  });

  test("quantities add up by SKU", () => {
    expect([...wantedBySku(lines(["A", 1], ["B", 2], ["A", 3]).lines)]).toEqual([
      ["A", 4],
      ["B", 2],
    ]);
  });
});

const movementsIn = (entries: ReturnType<typeof handle>["entries"]) =>
  entries?.map(({ row }) => [row.type, row.warehouse, row.onHandDelta, row.reservedDelta, row.orderId]);

describe("shipping and coming back", () => {
  const allocations = [
    { sku: "A", warehouse: "w2", quantity: 3 },
    { sku: "A", warehouse: "w1", quantity: 1 },
  ];
  const firm: Reservation = { orderId: ORDER, status: "FIRM", allocations };
  const before = stockIn("A", [
    { warehouse: "w1", onHand: 5, reserved: 2 },
    { warehouse: "w2", onHand: 3, reserved: 3 },
  ]);

  test("what ships leaves the stock where it was reserved, and comes back on sale in the same places", () => {
    const shipped = handle("ShipStock", {}, firm, [before]);
    expect(shipped.needs).toEqual(["A", "A"]);
    expect(shipped.state).toEqual({ ...firm, status: "SHIPPED" });
    expect(shipped.messages).toBeUndefined();
    expect(movementsIn(shipped.entries)).toEqual([
      ["SHIP", "w2", -3, -3, ORDER],
      ["SHIP", "w1", -1, -1, ORDER],
    ]);
    const left = shipped.shared?.get("A");
    expect(left?.warehouses).toEqual([
      { warehouse: "w1", onHand: 4, reserved: 1 },
      { warehouse: "w2", onHand: 0, reserved: 0 },
    ]);
    const returned = handle("RestockReturned", {}, shipped.state, left ? [left] : []);
    expect(returned.state).toEqual({ ...firm, status: "RETURNED" });
    expect(movementsIn(returned.entries)).toEqual([
      ["RETURN", "w2", 3, 0, ORDER],
      ["RETURN", "w1", 1, 0, ORDER],
    ]);
    expect(returned.shared?.get("A")?.warehouses).toEqual([
      { warehouse: "w1", onHand: 5, reserved: 1 },
      { warehouse: "w2", onHand: 3, reserved: 0 },
    ]);
  });

  test.each([
    ["ShipStock", "SHIPPED"],
    ["RestockReturned", "RETURNED"],
  ] as const)("%s repeated has no second effect", (type, status) => {
    const { needs: _needs, ...decision } = handle(type, {}, { ...firm, status }, [before]);
    expect(decision).toEqual({});
  });

  test.each([
    ["ShipStock", ["RELEASED", "REFUSED", "RETURNED"]],
    ["RestockReturned", ["HELD", "FIRM", "RELEASED", "REFUSED"]],
  ] as const)("%s of a reservation that cannot be there is a bug", (type, statuses) => {
    for (const status of statuses) expect(() => handle(type, {}, { ...firm, status }, [before])).toThrow(status);
    expect(() => handle(type, {}, undefined, [before])).toThrow("undefined");
  });
});

describe("ending", () => {
  const allocations = [{ sku: "A", warehouse: "w1", quantity: 2 }];
  const held: Reservation = { orderId: ORDER, status: "HELD", allocations };
  const reserved = stockIn("A", [{ warehouse: "w1", onHand: 5, reserved: 2 }]);

  test("a release gives the units back, and a second one only answers", () => {
    const first = handle("ReleaseStock", {}, held, [reserved]);
    expect(first.needs).toEqual(["A"]);
    expect(first.state?.status).toBe("RELEASED");
    expect(first.shared?.get("A")?.warehouses[0]?.reserved).toBe(0);
    const second = handle("ReleaseStock", {}, first.state, [reserved]);
    expect(second.shared).toBeUndefined();
    expect(second.messages?.map(({ type }) => type)).toEqual(["StockReleased"]);
  });

  test("firm changes no figure", () => {
    const firm = handle("ConfirmStock", {}, held, []);
    expect(firm.state?.status).toBe("FIRM");
    expect(firm.shared).toBeUndefined();
    expect(() => handle("ConfirmStock", {}, { ...held, status: "RELEASED" }, [])).toThrow("RELEASED");
  });

  test("a firm reservation is released like a held one", () => {
    const { state, shared, entries } = handle("ReleaseStock", {}, { ...held, status: "FIRM" }, [reserved]);
    expect(state?.status).toBe("RELEASED");
    expect(shared?.get("A")?.warehouses).toEqual([{ warehouse: "w1", onHand: 5, reserved: 0 }]);
    expect(movementsIn(entries)).toEqual([["RELEASE", "w1", 0, -2, ORDER]]);
  });

  test("what has left the house is never released", () => {
    for (const status of ["SHIPPED", "RETURNED"] as const)
      expect(() => handle("ReleaseStock", {}, { ...held, status }, [reserved])).toThrow(status);
  });

  test("what was never asked for is released, and stays so", () => {
    const { state, messages, entries } = handle("ReleaseStock", {}, undefined, []);
    expect([state?.status, messages?.map(({ type }) => type), entries]).toEqual([
      "RELEASED",
      ["StockReleased"],
      undefined,
    ]);
  });

  test("stock never goes below zero and is never oversold", () => {
    const change = (onHand: number, units: number) => () => changeFigures(reserved, "w1", { onHand, reserved: units });
    expect(change(0, -3)).toThrow("-1 reserved");
    expect(change(0, 4)).toThrow("6 reserved of 5");
    expect(change(-4, 0)).toThrow("2 reserved of 1");
  });
});
