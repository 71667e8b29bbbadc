import { expect, test } from "bun:test";
import type { Row, Statement } from "../database/port.ts";
import { NO_TRACER } from "../telemetry/tracer.ts";
import { virtualTime } from "../virtual-time.fixture.ts";
import { type CallHandler, NothingHappened } from "./call.ts";
import { createCalls } from "./calls.ts";
import type { OutcomeItem } from "./item.ts";
import type { Logged } from "./replicas.fixture.ts";

const INTENT = {
  shard: 0,
  id: "00000000-0000-7000-8000-000000000001",
  key: "k",
  kind: "mail",
  request: '{"recipient":"ann@example.org"}',
  begun: true,
};

type Handler = CallHandler<never, never, null>;

/** Calls of one kind, over a table that holds `open`. */
function callsOf(
  change: Pick<Handler, "afterCrash" | "execute">,
  open: readonly Row[] = [],
  take: (statement: Statement) => Row[] = () => [],
) {
  const logged: Logged[] = [];
  const { promise: told, resolve } = Promise.withResolvers<OutcomeItem>();
  const handler: Handler = {
    kind: "mail",
    peer: "gateway",
    timeoutMs: 1000,
    decide: () => ({}),
    sharedKeys: () => [],
    ...change,
  };
  const calls = createCalls({
    aggregate: { identifies: "orderId" },
    module: "tally",
    tracer: NO_TRACER,
    database: {
      query: async (statement) => (statement.text.startsWith("update") ? take(statement) : [...open]),
      lane: () => {
        throw new Error("it has no lane");
      },
      close: async () => undefined,
    },
    shards: { held: () => [0], holds: () => true },
    scheduler: virtualTime().scheduler,
    log: (_level, event, fields) => logged.push({ event, fields }),
    handlers: [handler],
    ports: null,
    push: resolve,
    concurrency: 1,
  });
  return { calls, told, logged };
}

/** The outcome of a call that is made with the request above and fails with `error`, and what is logged of it. */
async function failing(error: unknown) {
  const { calls, told, logged } = callsOf({ afterCrash: "repeat", execute: () => Promise.reject(error) });
  calls.offer([INTENT]);
  const { outcome } = await told;
  return { outcome, logged };
}

test("neither the outcome nor the log repeats what a failed call was to take to whom", async () => {
  const { outcome, logged } = await failing(new Error("550 ann@example.org: no such user"));
  expect(outcome).toEqual({ kind: "unknown", detail: "550 [redacted]: no such user" });
  const error = "Error: 550 [redacted]: no such user";
  const fields = { module: "tally", call: "mail", orderId: "k", key: "k", error };
  expect(logged).toEqual([{ event: "call.failed", fields }]);
});

test("a call that certainly did nothing says so, cleared as well", async () => {
  const { outcome } = await failing(new NothingHappened("ann@example.org is busy"));
  expect(outcome).toEqual({ kind: "unavailable", detail: "[redacted] is busy" });
});

test("a call that its maker could not begin is begun by whoever takes its row, and by nobody else", async () => {
  let calls = 0;
  const execute = async () => {
    calls++;
    return "{}";
  };
  const takenBy = async (taken: readonly string[]) => {
    const statements: Statement[] = [];
    const made = callsOf({ afterCrash: "ask", execute }, [{ ...INTENT, begun: false }], (statement) => {
      statements.push(statement);
      return taken.map((id) => ({ id }));
    });
    await made.calls.sweep();
    return { ...made, statements };
  };
  const { told, statements } = await takenBy([INTENT.id]);
  expect((await told).outcome).toEqual({ kind: "answered", answer: "{}" });
  expect(statements.map(({ params }) => params)).toEqual([[`{${INTENT.shard}}`, `{"${INTENT.id}"}`]]);
  await takenBy([]);
  expect(calls).toBe(1);
});

test("where it is not known whether the row was taken, nothing is begun", async () => {
  const execute = () => Promise.reject(new Error("it is not made"));
  const { calls, logged } = callsOf({ afterCrash: "ask", execute }, [{ ...INTENT, begun: false }], () => {
    throw new Error("the answer was lost");
  });
  await expect(calls.sweep()).rejects.toThrow("the answer was lost");
  expect(logged).toEqual([]);
});

test("a commit that did not say that it begins the call does not begin it, whoever holds the shard by then", async () => {
  const { calls, logged } = callsOf({ afterCrash: "ask", execute: () => Promise.reject(new Error("it is made")) });
  calls.offer([{ ...INTENT, begun: false }]);
  await Bun.sleep(1);
  expect(logged).toEqual([]);
});

test("a call that is found open is asked about: nobody has waited until its time was over", async () => {
  const execute = () => Promise.reject(new Error("it is not made again"));
  const { calls, told } = callsOf({ afterCrash: "ask", execute }, [{ ...INTENT }]);
  await calls.sweep();
  expect((await told).outcome).toMatchObject({ kind: "unknown", isInterrupted: true });
});
