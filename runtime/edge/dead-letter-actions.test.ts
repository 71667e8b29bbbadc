import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { RpcUnavailable } from "../rpc/port.ts";
import { idOf, idsOf, letterBench } from "./dead-letter.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const { databases, edge, errors, logged, park, parkTimer } = letterBench();

describe("a discard", () => {
  test("needs a reason, which is logged, and is answered with what is left", async () => {
    await parkTimer("a");
    const ask = edge();
    const path = "/order:a:timer:deadline:0/discard";
    for (const body of [{}, { reason: "" }, { reason: "  " }, { reason: "x".repeat(501) }, { reason: "x", more: 1 }])
      expect((await ask(path, body)).status).toBe(400);
    const answer = await ask(path, { reason: "not needed" });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        id: "order:a:timer:deadline:0",
        released: [],
        releasedCount: 0,
        left: [],
        leftCount: 0,
        state: "gone",
        pending: false,
      },
    ]);
    expect(logged.at(-1)).toMatchObject({ event: "letter.discarded", fields: { reason: "not needed" } });
    expect((await ask(path, { reason: "not needed" })).status).toBe(404);
  });

  test("under the same Idempotency-Key is answered again, with another body it is refused", async () => {
    await parkTimer("b");
    const ask = edge();
    const path = "/order:b:timer:deadline:0/discard";
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await ask(path, { reason: "not needed" }, key);
    expect(await ask(path, { reason: "not needed" }, key)).toMatchObject({ status: 200, body: first.body });
    const other = await ask(path, { reason: "another" }, key);
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });
});

describe("a replay of a selection", () => {
  test("needs one, or all", async () => {
    const ask = edge();
    const bodies = [{}, { all: false }, { all: true, key: "a" }, { key: "" }, { module: "unknown" }, { reason: "x" }];
    for (const body of bodies) expect([body, (await ask("/replay", body)).status]).toEqual([body, 400]);
    for (const body of [{ all: true }, { module: "order" }, { key: "a", type: "T", reason: "threw" }])
      expect((await ask("/replay", body)).body).toEqual({
        released: [],
        releasedCount: 0,
        left: [],
        leftCount: 0,
        pending: false,
      });
  });

  test("tries what matches and nothing else, and tells what is left", async () => {
    // Nobody runs these modules: messages stay parked, and a timer that was tried is back in its table.
    await park("order", "a", 1);
    await park("payment", "b", 1);
    await parkTimer("one");
    await parkTimer("other");
    const ask = edge();
    const { body } = await ask("/replay", { type: "OrderConfirmed" });
    expect(body).toMatchObject({ releasedCount: 0, leftCount: 2, pending: false });
    expect(body["left"]).toMatchObject([{ id: idOf("order", "a", 1) }, { id: idOf("payment", "b", 1) }]);
    await ask("/replay", { module: "order", key: "one", type: "timer:deadline" });
    expect(idsOf((await ask("?type=timer")).body)).toEqual(["order:other:timer:deadline:0"]);
  });

  test("may be sent again under its Idempotency-Key, which stands for this selection", async () => {
    await park("order", "a", 1);
    const ask = edge();
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await ask("/replay", { module: "order" }, key);
    expect(await ask("/replay", { module: "order" }, key)).toMatchObject({ status: 200, body: first.body });
    const other = await ask("/replay", { all: true }, key);
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });

  test("is a 503 that names who does not answer", async () => {
    const { status, body } = await edge(["payment"])("/replay", { all: true });
    expect(status).toBe(503);
    expect(body.detail).toContain("payment");
  });
});

test("a replay takes no body or an empty one, and says what has not ended yet", async () => {
  const ask = edge();
  await parkTimer("c");
  const path = "/order:c:timer:deadline:0/replay";
  expect((await ask(path, { all: true })).status).toBe(400);
  // Nobody runs this module, so the timer stays where it was put.
  expect((await ask(path, {})).body).toMatchObject({ released: [], state: "gone", pending: true });
  const [row] = (await databases.get("order")?.query({ text: "select key from timer", params: [] })) ?? [];
  expect(row).toEqual({ key: "c" });
  expect(errors.filter((error) => !(error instanceof RpcUnavailable))).toEqual([]);
});
