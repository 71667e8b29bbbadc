import { expect, test } from "bun:test";
import type { Save, Saves } from "../saves.ts";
import { concerns, divideSaves } from "./group-saves.ts";

const ORDERS = { name: "order,pricing", modules: ["order", "pricing"] };
const PAYMENT = { name: "payment", modules: ["payment"] };
const DELIVERY = { name: "delivery", modules: ["delivery"] };

test.each([
  ["modules/order/saga.ts", [true, false]],
  ["modules/pricing/migrations/0002.sql", [true, false]],
  ["modules/payment/adapters/card.ts", [false, true]],
  ["modules/payment/contract.ts", [true, true]],
  ["modules/payment/adapters/contract.ts", [false, true]],
  ["modules/delivery/store.ts", [false, false]],
  ["modules/registry.ts", [true, true]],
  ["runtime/http/app.ts", [true, true]],
])("%s", (file, expected) => {
  expect([concerns(file, ORDERS), concerns(file, PAYMENT)]).toEqual(expected);
});

/** Saves that a test makes. */
function source() {
  const made: Save[] = [];
  let waiting = Promise.withResolvers<void>();
  const saves: Saves = {
    some: () => waiting.promise,
    take() {
      waiting = Promise.withResolvers();
      return made.shift() ?? { files: [], sinceMs: 0 };
    },
    close: () => undefined,
  };
  const save = async (sinceMs: number, ...files: string[]) => {
    made.push({ files, sinceMs });
    waiting.resolve();
    await Bun.sleep(0);
  };
  return { saves, save };
}

test("a group sees what concerns it, everything while it is down, and what nobody took stays", async () => {
  const { saves, save } = source();
  const told: string[] = [];
  const down = new Set([DELIVERY.name]);
  const views = divideSaves({
    saves,
    groups: [ORDERS, PAYMENT, DELIVERY],
    isUp: ({ name }) => !down.has(name),
    onSave: ({ files }, concerned) => told.push(`${files} → ${concerned.map(({ name }) => name).join(" ")}`),
  });
  await save(10, "modules/order/saga.ts");
  await save(20, "modules/order/order.ts", "modules/order/saga.ts");
  down.clear();
  await save(30, "modules/payment/store.ts");
  await Promise.all([ORDERS, PAYMENT, DELIVERY].map((group) => views.get(group)?.some()));
  expect(views.get(ORDERS)?.take()).toEqual({
    files: ["modules/order/order.ts", "modules/order/saga.ts"],
    sinceMs: 10,
  });
  expect(views.get(PAYMENT)?.take()).toEqual({ files: ["modules/payment/store.ts"], sinceMs: 30 });
  expect(views.get(DELIVERY)?.take().files).toHaveLength(2);
  expect(told).toEqual([
    "modules/order/saga.ts → order,pricing delivery",
    "modules/order/order.ts,modules/order/saga.ts → order,pricing delivery",
    "modules/payment/store.ts → payment",
  ]);
});
