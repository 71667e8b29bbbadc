import { expect, test } from "bun:test";
import { route } from "../../../http/route.ts";
import { groupsOf } from "./groups.ts";
import { environmentOf, flagsOf, gatewayPlan, placeMembers } from "./members.ts";

const at = (path: string) =>
  route({
    method: "GET",
    path,
    rights: { callers: "anyone", object: "shared" },
    summary: "x",
    responses: { 200: { description: "x" } },
    handle: async () => ({ status: 200 }),
  });
const MODULES = [
  { name: "order", routes: [at("/api/v1/orders"), at("/api/v1/orders/{id}")] },
  { name: "payment", routes: [at("/api/v1/payments"), at("/api/v1/refunds/{id}")] },
  { name: "inventory", routes: [at("/api/v1/inventory/{sku}")] },
];
const groups = groupsOf(
  ["payment,order"],
  MODULES.map(({ name }) => name),
);
const [together, inventory] = groups;

test("each process is told where it listens and where every module is asked", async () => {
  const members = await placeMembers(groups);
  if (together === undefined || inventory === undefined) throw new Error("no groups");
  const environment = environmentOf(inventory, members);
  const own = members.find(({ group }) => group === inventory);
  const other = members.find(({ group }) => group === together);
  expect(environment).toMatchObject({
    PORT: String(own?.port),
    INTERNAL_PORT: String(own?.internalPort),
    INVENTORY_RPC_URL: `http://127.0.0.1:${own?.internalPort}`,
    ORDER_RPC_URL: `http://127.0.0.1:${other?.internalPort}`,
    PAYMENT_RPC_URL: `http://127.0.0.1:${other?.internalPort}`,
  });
  expect(Object.keys(environment).filter((name) => name.endsWith("_RPC_URL"))).toHaveLength(MODULES.length);
  expect(flagsOf(together)).toMatchObject({ modules: "payment,order", transport: "kafka", host: "127.0.0.1" });
});

test("paths go to their modules, and what belongs to none where order runs", async () => {
  const members = await placeMembers(groups);
  const urlOf = (name: string) => {
    const member = members.find(({ group }) => group.modules.includes(name));
    return `http://127.0.0.1:${member?.port}`;
  };
  const plan = gatewayPlan(members, MODULES, { host: "127.0.0.1", port: 8080 });
  expect(plan).toMatchObject({ hostname: "127.0.0.1", port: 8080, others: urlOf("order") });
  expect(plan.byCollection).toEqual({
    orders: urlOf("order"),
    payments: urlOf("order"),
    refunds: urlOf("order"),
    inventory: urlOf("inventory"),
  });
});
