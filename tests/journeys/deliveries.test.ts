/** What operators, customers and strangers can do with a parcel, and what a carrier does by itself. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { type Answer, basketOf, type Client, createClient, problemOf, type Send } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const deliverySchema = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.string(),
  dispatchAskedAt: z.iso.datetime().optional(),
  history: z.array(z.object({ status: z.string(), at: z.iso.datetime() })),
});
type Delivery = z.infer<typeof deliverySchema>;

const PATH = "/api/v1/deliveries";
const UNKNOWN = "01890000-0000-7000-8000-000000000000";

let platform: TestPlatform;
let alice: Client;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

const shownIn = (answer: Answer): Delivery => {
  if (answer.status !== 200 && answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
  return deliverySchema.parse(JSON.parse(answer.text));
};
const read = (client: Client, id: string) => client.send({ method: "GET", path: `${PATH}/${id}` });

/** The delivery of a new order of alice's. */
async function scheduled(): Promise<Delivery> {
  const order = await alice.place(basketOf("SKU-009", 1), { wait: 10 });
  await alice.until(order.id, "FULFILLING");
  const [delivery] = await alice.deliveries(order.id);
  return shownIn(await read(alice, delivery?.id ?? ""));
}

interface StepOptions {
  readonly key?: string;
  readonly change?: Partial<Send>;
}

const step = (client: Client, id: string, name: string, { key, change }: StepOptions = {}) =>
  client.send({
    method: "POST",
    path: `${PATH}/${id}/${name}`,
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: "{}",
    ...change,
  });

test("a scheduled parcel waits, and its owner can follow it", async () => {
  const delivery = await scheduled();
  expect(delivery.status).toBe("SCHEDULED");
  expect(delivery.dispatchAskedAt).toBeUndefined();
  expect(delivery.history.map(({ status }) => status)).toEqual(["SCHEDULED"]);
  expect(shownIn(await read(operator, delivery.id))).toEqual(delivery);

  const mallory = await platform.customer("mallory");
  const [strange, unknown] = [await read(mallory, delivery.id), await read(mallory, UNKNOWN)];
  expect([strange.status, unknown.status]).toEqual([404, 404]);
  expect(strange.text.replaceAll(delivery.id, "ID")).toBe(unknown.text.replaceAll(UNKNOWN, "ID"));
});

test.each(["dispatch", "deliver", "fail"])("%s is for operators who may, whatever the body is", async (name) => {
  const { id } = await scheduled();
  const reader = createClient(
    platform.process.url,
    await tokenOf(platform.dataDir, "operator", "otto", ["delivery:read"]),
  );
  const broken = { headers: { "content-type": "text/plain" }, body: "not json" };
  for (const [client, status] of [
    [platform.guest(), 401],
    [alice, 403],
    [reader, 403],
  ] as const) {
    const answer = await step(client, id, name, { change: broken });
    expect([answer.status, problemOf(answer).status]).toEqual([status, status]);
  }
  expect((await step(operator, id, name, { change: broken })).status).toBe(415);
  const surplus = await step(operator, id, name, { change: { body: '{"force":true}' } });
  expect(problemOf(surplus).errors?.map(({ field }) => field)).toEqual(["body.force"]);
  expect((await step(operator, UNKNOWN, name)).status).toBe(404);
  const after = shownIn(await read(operator, id));
  expect([after.status, after.dispatchAskedAt]).toEqual(["SCHEDULED", undefined]);
});

test("before a dispatch nothing can be reported of a parcel: 409 says how it stands and what is legal", async () => {
  const delivery = await scheduled();
  for (const name of ["deliver", "fail"]) {
    const problem = problemOf(await step(operator, delivery.id, name));
    expect([problem.status, problem.type]).toEqual([409, "/problems/illegal-step"]);
    expect(problem.detail).toContain("SCHEDULED");
    expect(problem.detail).toContain("dispatch");
  }
  expect(shownIn(await read(operator, delivery.id))).toEqual(delivery);
});

test("a dispatch is asked for once, however often it is sent, and delivery is legal straight after it", async () => {
  const { id } = await scheduled();
  const key = crypto.randomUUID();
  const first = shownIn(await step(operator, id, "dispatch", { key }));
  expect(first.dispatchAskedAt).toBeDefined();
  for (const again of [await step(operator, id, "dispatch", { key }), await step(operator, id, "dispatch")])
    expect(shownIn(again).dispatchAskedAt).toBe(first.dispatchAskedAt ?? "");

  const delivering = crypto.randomUUID();
  const delivered = await step(operator, id, "deliver", { key: delivering });
  expect(shownIn(delivered).id).toBe(id);
  // It happened, or happens right after the hand-over: either way a second time is one too many.
  for (const name of ["deliver", "fail"]) {
    const problem = problemOf(await step(operator, id, name));
    expect([problem.status, problem.type]).toEqual([409, "/problems/illegal-step"]);
    expect(problem.detail).toContain("DELIVERED");
  }
  const repeated = await step(operator, id, "deliver", { key: delivering });
  expect([repeated.status, shownIn(repeated).id]).toEqual([delivered.status, id]);
  const reused = await step(operator, id, "deliver", { key: delivering, change: { body: "{ }" } });
  expect([reused.status, problemOf(reused).type]).toEqual([422, "/problems/idempotency-key-reused"]);
});

test("a parcel can fail three times, and no more", async () => {
  const { id } = await scheduled();
  shownIn(await step(operator, id, "dispatch"));
  for (let attempt = 1; attempt <= 3; attempt++) shownIn(await step(operator, id, "fail"));
  for (const name of ["deliver", "fail"]) {
    const problem = problemOf(await step(operator, id, name));
    expect(problem.status).toBe(409);
    expect(problem.detail).toMatch(/RETURN(ING|ED)/);
  }
});
