import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { type Adjustment, adjustStock } from "./adjustment.ts";
import { stockInvariants } from "./invariants.ts";
import { type NewPolicy, setPolicy } from "./policy.ts";
import type { Reservation } from "./reservation.ts";
import { allocate, type ReservationStatus, reservationHandlers, wantedBySku } from "./reservation.ts";
import { stockIn } from "./stock.fixture.ts";
import { available, type SkuStock, type StockFigures, totalAvailable } from "./stock.ts";

const SOME = { minLength: 1, maxLength: 5 };
const SKUS = ["A", "B", "C"];
const ORDERS = ["order-1", "order-2", "order-3", "order-4"];

const warehouse = fc.nat(12).chain((onHand) => fc.record({ onHand: fc.constant(onHand), taken: fc.nat(onHand) }));
const stockOf = (sku: string) =>
  fc
    .tuple(fc.array(warehouse, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.nat(6))
    .map(([list, backorder, lowStockThreshold]) =>
      stockIn(
        sku,
        list.map(({ onHand, taken }, i) => ({ warehouse: `w${i + 1}`, onHand, reserved: taken })),
        { backorder, lowStockThreshold },
      ),
    );
const allStock = fc.tuple(...SKUS.map(stockOf));

const line = fc.record({ sku: fc.constantFrom(...SKUS, "UNKNOWN"), quantity: fc.integer({ min: 1, max: 8 }) });
const orderId = fc.constantFrom(...ORDERS);
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("ReserveStock"), orderId, lines: fc.array(line, SOME) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("ConfirmStock", "ShipStock"), orderId }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("ReleaseStock", "RestockReturned"), orderId }) },
);
const adjustment = fc.record({
  sku: fc.constantFrom(...SKUS, "UNKNOWN"),
  warehouse: fc.constantFrom("w1", "w2", "w3"),
  delta: fc.integer({ min: -15, max: 15 }).filter((delta) => delta !== 0),
  reason: fc.constant("counted"),
});
const policy = fc.record({ sku: fc.constantFrom(...SKUS), backorder: fc.boolean(), lowStockThreshold: fc.nat(6) });
type AnyCommand = { readonly type: string; readonly orderId: string; readonly lines?: readonly Line[] };
type Line = { readonly sku: string; readonly quantity: number };

const plus = (figures: StockFigures | undefined, onHand: number, reserved: number): StockFigures => ({
  onHand: (figures?.onHand ?? 0) + onHand,
  reserved: (figures?.reserved ?? 0) + reserved,
});

/** The module's tables as a model: what a commit writes is put in. */
function openStore(stock: readonly SkuStock[]) {
  const shelves = new Map(stock.map((each) => [each.sku, each]));
  const reservations = new Map<string, Reservation>();
  const ledger = new Map<string, StockFigures>();
  const lowStock = new Map<string, number>();
  let id = 0;
  const next = () => `movement-${++id}`;
  const place = (sku: string, where: string) => `${sku} ${where}`;
  for (const { sku, warehouses } of stock)
    for (const { warehouse, onHand, reserved } of warehouses) ledger.set(place(sku, warehouse), { onHand, reserved });

  function run({ type, orderId: key, ...data }: AnyCommand) {
    const handler = reservationHandlers.find((each) => each.type === type);
    if (!handler) throw new Error(`nobody handles ${type}`);
    const prepared = handler.prepare(JSON.stringify(data));
    const before = reservations.get(key);
    // No more than what it says it needs is locked.
    const needed = prepared.sharedKeys(before);
    const shared = new Map([...shelves].filter(([sku]) => needed.includes(sku)));
    const decision = prepared.decide(before, { key, now: 1, ids: { next }, shared });
    stockInvariants(before, decision, shared);
    if (decision.state) reservations.set(key, decision.state);
    keep(decision);
    return decision;
  }
  /** What the command of an operator decides. */
  function ask<Input extends { readonly sku: string }, Answer>(
    command: Command<Reservation, SkuStock, Input, Answer>,
    input: Input,
  ) {
    const shared = new Map([...shelves].filter(([sku]) => command.shares?.(undefined, input).includes(sku)));
    const decision = command.decide(undefined, input, { key: next(), now: 1, ids: { next }, shared });
    stockInvariants(undefined, decision, shared);
    keep(decision);
    return decision;
  }
  function keep(decision: Decision<Reservation, SkuStock>) {
    checkLowStock(decision);
    for (const [sku, changed] of decision.shared ?? []) shelves.set(sku, changed);
    for (const { row } of decision.entries ?? []) {
      const name = place(String(row.sku), String(row.warehouse));
      ledger.set(name, plus(ledger.get(name), Number(row.onHandDelta), Number(row.reservedDelta)));
    }
  }
  /** Told exactly where a SKU falls under its threshold, numbered without holes. */
  function checkLowStock({ shared = new Map<string, SkuStock>(), sharedMessages = [] }: Parameters<typeof keep>[0]) {
    const fallen = [...shared].filter(([sku, after]) => {
      const before = shelves.get(sku) ?? after;
      const wasLow = before.lowStockThreshold > totalAvailable(before) && before.lowStockThreshold !== 0;
      return !wasLow && totalAvailable(after) < after.lowStockThreshold && after.lowStockThreshold !== 0;
    });
    for (const [sku] of fallen) lowStock.set(sku, (lowStock.get(sku) ?? 0) + 1);
    expect(sharedMessages.map(({ key, sequence, message }) => [key, sequence, JSON.parse(message.data)])).toEqual(
      fallen.map(([sku, after]) => [
        sku,
        lowStock.get(sku),
        { sku, available: totalAvailable(after), threshold: after.lowStockThreshold },
      ]),
    );
  }
  return { shelves, reservations, ledger, run, ask, place };
}

type Store = ReturnType<typeof openStore>;

/** A first request takes all that it wants, or is refused and takes nothing because a SKU is short. */
function checkFirstRequest(store: Store, shelvesBefore: Store["shelves"], lines: readonly Line[], decision: Outcome) {
  const wanted = wantedBySku(lines);
  const short = [...wanted].flatMap(([sku, quantity]) => {
    const shelf = shelvesBefore.get(sku);
    return !shelf || (!shelf.backorder && totalAvailable(shelf) < quantity) ? [sku] : [];
  });
  expect(decision.state?.status).toBe(short.length === 0 ? "HELD" : "REFUSED");
  expect(wantedBySku(decision.state?.allocations ?? [])).toEqual(short.length === 0 ? wanted : new Map());
  if (short.length === 0) return;
  expect(JSON.parse(decision.messages?.[0]?.data ?? "")).toEqual({ shortSkus: short });
  expect(store.shelves).toEqual(shelvesBefore);
}
type Outcome = ReturnType<Store["run"]>;

/** Every figure is in its bounds, and is what the ledger and the reservations add up to. */
function checkFigures(store: Store, initial: ReadonlyMap<string, StockFigures>) {
  const explained = new Map(initial);
  for (const { status, allocations } of store.reservations.values())
    for (const { sku, warehouse, quantity } of allocations) {
      const name = store.place(sku, warehouse);
      if (status === "HELD" || status === "FIRM") explained.set(name, plus(explained.get(name), 0, quantity));
      if (status === "SHIPPED") explained.set(name, plus(explained.get(name), -quantity, 0));
    }
  for (const { sku, warehouses, backorder } of store.shelves.values())
    for (const { warehouse, onHand, reserved } of warehouses) {
      expect(reserved).toBeGreaterThanOrEqual(0);
      if (!backorder) expect(reserved).toBeLessThanOrEqual(onHand);
      expect(store.ledger.get(store.place(sku, warehouse))).toEqual({ onHand, reserved });
      expect(explained.get(store.place(sku, warehouse))).toEqual({ onHand, reserved });
    }
}

/** The statuses in which a command may find a reservation; in any other it is a bug. */
const legalIn: Readonly<Record<string, readonly (ReservationStatus | undefined)[]>> = {
  ReserveStock: [undefined, "HELD", "FIRM", "RELEASED", "REFUSED", "SHIPPED", "RETURNED"],
  ConfirmStock: ["HELD"],
  ReleaseStock: [undefined, "HELD", "FIRM", "RELEASED", "REFUSED"],
  ShipStock: ["HELD", "FIRM", "SHIPPED"],
  RestockReturned: ["SHIPPED", "RETURNED"],
};
const isLegal = (type: string, reservation: Reservation | undefined) =>
  legalIn[type]?.includes(reservation?.status) ?? false;

/** Commands that change figures only where they find the reservation in one of these. */
const moves: Readonly<Record<string, readonly ReservationStatus[]>> = {
  ReleaseStock: ["HELD", "FIRM"],
  ShipStock: ["HELD", "FIRM"],
  RestockReturned: ["SHIPPED"],
};

const step = fc.oneof(
  { weight: 4, arbitrary: command },
  { weight: 1, arbitrary: adjustment.map((input) => ({ input, type: "adjust" as const })) },
  { weight: 1, arbitrary: policy.map((input) => ({ input, type: "policy" as const })) },
);

/** An adjustment is refused, and changes nothing, exactly where units would leave that are not there or not free. */
function adjust(store: Store, initial: Map<string, StockFigures>, input: Adjustment) {
  const shelf = store.shelves.get(input.sku);
  const figures = shelf?.warehouses.find(({ warehouse: name }) => name === input.warehouse);
  const onHand = (figures?.onHand ?? 0) + input.delta;
  const isShort = input.delta < 0 && (onHand < 0 || (!shelf?.backorder && onHand < (figures?.reserved ?? 0)));
  const { answer, shared } = store.ask(adjustStock, input);
  expect(answer.kind).toBe(!shelf ? "unknown" : !figures || isShort ? "refused" : "adjusted");
  if (answer.kind !== "adjusted") expect(shared).toBeUndefined();
  const name = store.place(input.sku, input.warehouse);
  if (answer.kind === "adjusted") initial.set(name, plus(initial.get(name), input.delta, 0));
}

/** What is sold on backorder goes on so until nothing is owed any more. */
function set(store: Store, input: NewPolicy) {
  const owes = store.shelves.get(input.sku)?.warehouses.some(({ onHand, reserved }) => reserved > onHand) ?? false;
  const { answer } = store.ask(setPolicy, input);
  expect(answer.kind).toBe(owes && !input.backorder ? "refused" : "set");
}

test("commands of orders and operators in any order never oversell, and the ledger and the reservations explain every figure", () => {
  verify(
    fc.property(allStock, fc.array(step, { maxLength: 30, size: "max" }), (stock, steps) => {
      const store = openStore(stock);
      const initial = new Map(store.ledger);
      for (const taken of steps) {
        if ("input" in taken) {
          if (taken.type === "adjust") adjust(store, initial, taken.input);
          else set(store, taken.input);
          checkFigures(store, initial);
          continue;
        }
        const each: AnyCommand = taken;
        const before = store.reservations.get(each.orderId);
        const shelvesBefore = new Map(store.shelves);
        if (!isLegal(each.type, before)) {
          expect(() => store.run(each)).toThrow();
          expect(store.shelves).toEqual(shelvesBefore);
          continue;
        }
        const decision = store.run(each);
        if (each.type === "ReserveStock" && !before)
          checkFirstRequest(store, shelvesBefore, each.lines ?? [], decision);
        else if (!before || !moves[each.type]?.includes(before.status)) expect(store.shelves).toEqual(shelvesBefore);
        checkFigures(store, initial);
      }
    }),
  );
});

test("a release gives back exactly what was reserved, firm or not, and a second one gives nothing", () => {
  verify(
    fc.property(allStock, fc.array(line, SOME), fc.boolean(), (stock, lines, firm) => {
      const store = openStore(stock);
      const before = shown(store);
      const { state } = store.run({ type: "ReserveStock", orderId: "order-1", lines });
      if (firm && state?.status === "HELD") store.run({ type: "ConfirmStock", orderId: "order-1" });
      for (let n = 0; n < 2; n++) {
        const { messages } = store.run({ type: "ReleaseStock", orderId: "order-1" });
        expect(messages?.map(({ type }) => type)).toEqual(["StockReleased"]);
        expect(shown(store)).toEqual(before);
      }
    }),
  );
});

/** The figures alone: that low stock was told stays counted. */
const shown = ({ shelves }: Store) => [...shelves.values()].map(({ sku, warehouses }) => [sku, warehouses]);

test("what was shipped comes back to the same shelves, whatever is sold meanwhile", () => {
  verify(
    fc.property(allStock, fc.array(line, SOME), fc.array(line, SOME), (stock, lines, sold) => {
      const store = openStore(stock);
      const initial = new Map(store.ledger);
      store.run({ type: "ReserveStock", orderId: "order-1", lines });
      if (store.reservations.get("order-1")?.status !== "HELD") return;
      for (const type of ["ConfirmStock", "ShipStock"]) store.run({ type, orderId: "order-1" });
      store.run({ type: "ReserveStock", orderId: "order-2", lines: sold });
      for (let n = 0; n < 2; n++) store.run({ type: "RestockReturned", orderId: "order-1" });
      store.run({ type: "ReleaseStock", orderId: "order-2" });
      checkFigures(store, initial);
      expect(store.ledger).toEqual(initial);
    }),
  );
});

test("an allocation takes what is wanted, from no shelf more than it has, and from as few as can be", () => {
  verify(
    fc.property(stockOf("A"), fc.integer({ min: 1, max: 40 }), (stock, wanted) => {
      const quantity = Math.min(wanted, totalAvailable(stock));
      const taken = allocate(stock, quantity);
      expect(taken.reduce((sum, each) => sum + each.quantity, 0)).toBe(quantity);
      const byName = new Map(stock.warehouses.map((each) => [each.warehouse, available(each)]));
      for (const each of taken) {
        expect(each.quantity).toBeGreaterThan(0);
        expect(each.quantity).toBeLessThanOrEqual(byName.get(each.warehouse) ?? 0);
      }
      const fullest = [...byName.values()].sort((a, b) => b - a);
      let fewest = 0;
      for (let sum = 0; sum < quantity; fewest++) sum += fullest[fewest] ?? 0;
      expect(taken).toHaveLength(fewest);
    }),
  );
});
