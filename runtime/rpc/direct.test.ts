import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { DatabaseError } from "../database/port.ts";
import { seededRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { createBreakers } from "./circuit-breaker.ts";
import { createDirectRpc } from "./direct.ts";
import { answers, defineRpc, type RpcHandler, RpcUnavailable } from "./port.ts";

const Question = z.strictObject({ sku: z.string(), at: z.iso.datetime().optional() });
const quote = defineRpc({
  module: "pricing",
  name: "quote",
  request: Question,
  response: z.object({ amount: z.int() }),
});
const call = (handlers: readonly RpcHandler[], request = { sku: "a" }, timeoutMs = 1000) =>
  createDirectRpc(handlers, systemScheduler).call(quote, request, { timeoutMs });
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RpcUnavailable)) throw new Error(`expected RpcUnavailable, got ${String(error)}`);
  return error;
};

describe("a call within the process", () => {
  test("passes only what is serialised, both ways", async () => {
    const request = { sku: "a", at: undefined };
    const response = { amount: 5, secret: "not in the contract" };
    const heard: object[] = [];
    const handler = answers(quote, async (given) => {
      heard.push(given);
      return response;
    });
    const answer = await createDirectRpc([handler], systemScheduler).call(quote, { sku: "a" }, { timeoutMs: 1000 });
    expect(answer).toEqual({ amount: 5 });
    expect(heard).toEqual([{ sku: "a" }]);
    expect(heard[0]).not.toBe(request);
    const texts: string[] = [];
    const raw: RpcHandler = {
      module: "pricing",
      name: "quote",
      answer: async (text) => {
        texts.push(text);
        return '{"amount":7}';
      },
    };
    expect(await call([raw])).toEqual({ amount: 7 });
    expect(texts).toEqual(['{"sku":"a"}']);
  });

  test("that is not answered in time rejects, and a late answer or failure is swallowed", async () => {
    let late: (error: Error) => void = () => undefined;
    const handler = answers(quote, () => new Promise((_resolve, reject) => (late = reject)));
    expect((await failure(call([handler], { sku: "a" }, 20))).message).toContain("20 ms");
    late(new Error("too late"));
    await systemScheduler.sleep(1);
  });

  test("leaves no timer behind when it was answered", async () => {
    let timers = 0;
    const counting = {
      ...systemScheduler,
      after: () => {
        timers++;
        return () => {
          timers--;
        };
      },
    };
    await createDirectRpc([answers(quote, async () => ({ amount: 1 }))], counting).call(
      quote,
      { sku: "a" },
      { timeoutMs: 5 },
    );
    expect(timers).toBe(0);
  });

  test("of a method that is not served here says which", async () => {
    expect((await failure(call([]))).message).toContain("pricing.quote");
  });

  test("whose handler throws, or answers against the contract, is unavailable and keeps the cause", async () => {
    const bug = new Error("a bug");
    const thrown = await failure(call([answers(quote, () => Promise.reject(bug))]));
    expect(thrown.cause).toBe(bug);
    expect(thrown.message).toContain("a bug");
    const wrong = { module: "pricing", name: "quote", answer: async () => '{"amount":"five"}' };
    await failure(call([wrong]));
    await failure(call([{ ...wrong, answer: async () => "not json" }]));
    await failure(call([answers(quote, async () => ({ amount: 1.5 }))]));
  });

  test("with breakers, a module that cannot answer again and again is refused at once, one with a bug is not", async () => {
    let nowMs = 0;
    let database: Error | null = new DatabaseError("unavailable", "", "the database is away");
    let asked = 0;
    const handler = answers(quote, async ({ sku }) => {
      asked++;
      if (sku === "bug") throw new Error("a bug");
      if (database) throw database;
      return { amount: 1 };
    });
    const breakers = createBreakers({ clock: { now: () => nowMs }, random: seededRandom(1), log: () => undefined });
    const rpc = createDirectRpc([handler], systemScheduler, breakers);
    const ask = (sku = "a") => rpc.call(quote, { sku }, { timeoutMs: 1000 });
    for (let calls = 0; calls < 20; calls++) await failure(ask("bug"));
    for (let calls = 0; calls < 5; calls++) expect((await failure(ask())).cause).toBe(database);
    expect((await failure(ask())).message).toMatch(/^pricing does not answer \(the database is away\)/);
    expect(asked).toBe(25);
    database = null;
    nowMs += 500;
    expect(await ask()).toEqual({ amount: 1 });
    expect(await ask()).toEqual({ amount: 1 });
  });
});
