import { expect, test } from "bun:test";
import { seededRandom } from "../random.ts";
import { ALWAYS_TAKEN, createAdmission } from "./admission.ts";

const TARGET_MS = 250;
const ORDERS = "/api/v1/orders";

function admissionAt() {
  const time = { ms: 1_000_000 };
  const load = { underWay: 0, backlogMs: 0, looks: 0 };
  const admission = createAdmission({
    clock: { now: () => time.ms },
    random: seededRandom(1),
    load() {
      load.looks++;
      return load;
    },
    targetMs: () => TARGET_MS,
    paths: [ORDERS],
  });
  const ask = (target = ORDERS, method = "POST") =>
    admission.turnedAway(new Request(`http://shop.test${target}`, { method }));
  /** Takes newcomers until one is turned away, `most` of them at most. */
  function fill(most: number) {
    const begun: (() => void)[] = [];
    while (begun.length < most && ask() === undefined) begun.push(admission.enter().begun);
    return begun;
  }
  /** Lets `count` newcomers in and begins them within a window, so that the rate of the next one is known. */
  function work(count: number, windowMs = 250) {
    for (const begun of fill(count)) begun();
    time.ms += windowMs;
    ask();
  }
  return { time, load, admission, ask, fill, work };
}

test("a burst is taken whatever the times say, and what is over is told when to come back", async () => {
  const { ask, fill } = admissionAt();
  expect(fill(10_000)).toHaveLength(ALWAYS_TAKEN);
  const refusals = Array.from({ length: 50 }, () => ask());
  for (const refused of refusals) {
    expect([refused?.status, refused?.headers.get("content-type")]).toEqual([503, "application/problem+json"]);
    expect(refused?.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(refused?.headers.get("x-content-type-options")).toBe("nosniff");
  }
  expect(await refusals[0]?.json()).toMatchObject({ type: "/problems/overloaded", status: 503 });
  // Not all of them at once.
  expect(new Set(refusals.map((refused) => refused?.headers.get("retry-after"))).size).toBeGreaterThan(1);
});

test("only what begins new work is turned away", () => {
  const { ask, fill } = admissionAt();
  fill(ALWAYS_TAKEN);
  expect(ask(`${ORDERS}?source=app`)?.status).toBe(503);
  expect(ask(ORDERS, "GET")).toBeUndefined();
  expect(ask(`${ORDERS}/018f0000-0000-7000-8000-000000000000/cancel`)).toBeUndefined();
  expect(ask("/health/ready", "GET")).toBeUndefined();
  expect(ask(`/elsewhere?path=${ORDERS}`)).toBeUndefined();
});

test("as many may wait as can be begun within the target, at the rate of the last window", () => {
  const { time, fill, work } = admissionAt();
  for (let round = 0; round < 20; round++) work(100, 25);
  // 1,000 begun in 250 ms.
  expect(fill(10_000)).toHaveLength(1_000);
  time.ms += 5 * TARGET_MS;
  // All of them wait, and none was begun since.
  expect(fill(10_000)).toHaveLength(0);
});

test("work under way on the customer's path counts as well, and one that ends makes room for one", () => {
  const { time, load, fill } = admissionAt();
  load.underWay = ALWAYS_TAKEN - 10;
  const begun = fill(10_000);
  expect(begun).toHaveLength(10);
  begun[0]?.();
  // Told twice, it counts once.
  begun[0]?.();
  expect(fill(10_000)).toHaveLength(1);
  load.underWay = 0;
  time.ms += 1;
  expect(fill(10_000)).toHaveLength(ALWAYS_TAKEN - 10);
});

test("while batches have been too small for longer than the target, nothing new is taken", () => {
  const { time, load, ask } = admissionAt();
  load.backlogMs = TARGET_MS;
  expect(ask()).toBeUndefined();
  load.backlogMs = TARGET_MS + 1;
  time.ms += 1;
  expect(ask()?.status).toBe(503);
  load.backlogMs = 0;
  time.ms += 1;
  expect(ask()).toBeUndefined();
});

test("however many come at once, the queues are looked at once a millisecond", () => {
  const { load, ask } = admissionAt();
  for (let n = 0; n < 1_000; n++) ask();
  expect(load.looks).toBe(1);
});

test("who was let in while others still sent their bodies is refused when there is no room by then", () => {
  const { admission, ask, fill } = admissionAt();
  expect(ask()).toBeUndefined();
  fill(ALWAYS_TAKEN);
  expect(() => admission.enter()).toThrow(expect.objectContaining({ headers: { "retry-after": expect.any(String) } }));
});

test("what was refused for another reason makes room, and says nothing of the rate", () => {
  const { time, admission, ask, fill } = admissionAt();
  for (let n = 0; n < 5_000; n++) admission.enter().left();
  time.ms += TARGET_MS;
  ask();
  expect(fill(10_000)).toHaveLength(ALWAYS_TAKEN);
});

test("a clock that is set back does not keep the rate of before", () => {
  const { time, fill, work } = admissionAt();
  for (let round = 0; round < 20; round++) work(100, 25);
  time.ms -= 3_600_000;
  work(1);
  work(1);
  expect(fill(10_000)).toHaveLength(ALWAYS_TAKEN);
});
