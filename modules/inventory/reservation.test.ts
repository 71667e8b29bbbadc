import { describe, expect, test } from "bun:test";
import { allocate, reservationHandlers, wantedBySku } from "./reservation.ts";
import { changeReserved, type SkuStock } from "./stock.ts";
import type { Reservation } from "./store.ts";

const ORDER = "0192aaaa-0000-7000-8000-000000000001";
const stockOf = (sku: string, ...onHand: number[]): SkuStock => ({
  sku,
  warehouses: onHand.map((units, index) => ({ warehouse: `w${index + 1}`, onHand: units, reserved: 0 })),
});

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

  test("quantities add up by SKU", () => {
    expect([...wantedBySku(lines(["A", 1], ["B", 2], ["A", 3]).lines)]).toEqual([
      ["A", 4],
      ["B", 2],
    ]);
  });
});

describe("ending", () => {
  const allocations = [{ sku: "A", warehouse: "w1", quantity: 2 }];
  const held: Reservation = { orderId: ORDER, status: "HELD", allocations };
  const reserved: SkuStock = { sku: "A", warehouses: [{ warehouse: "w1", onHand: 5, reserved: 2 }] };

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

  test("stock never goes below zero and is never oversold", () => {
    expect(() => changeReserved(reserved, "w1", -3)).toThrow("-1 reserved");
    expect(() => changeReserved(reserved, "w1", 4)).toThrow("6 reserved of 5");
  });
});
