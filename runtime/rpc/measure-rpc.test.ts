import { expect, test } from "bun:test";
import { z } from "zod";
import { DatabaseError } from "../database/port.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { metricsBench } from "../telemetry/metrics/metrics.fixture.ts";
import { createRpc } from "./dispatch.ts";
import { declareAskedMethods, measuredClient, measuredHandlers } from "./measure-rpc.ts";
import { answers, defineRpc } from "./port.ts";

const ask = (name: string) =>
  defineRpc({ module: "pricing", name, request: z.object({ how: z.string() }), response: z.int() });
const quote = ask("quote");
const secret = ask("undeclared");
const answer = async ({ how }: { readonly how: string }) => {
  if (how === "away") throw new DatabaseError("unavailable", "08006", "the database is away");
  if (how === "bug") throw new Error("a bug");
  return 5;
};

test("each question is measured where it is asked and where it is answered, by how it ended", async () => {
  const { metrics, samples } = metricsBench();
  declareAskedMethods(metrics, ["pricing.quote"]);
  const local = measuredHandlers([answers(quote, answer), answers(secret, answer)], metrics);
  const rpc = measuredClient(createRpc({ local, scheduler }), metrics);
  const call = (method: typeof quote, how: string) => rpc.call(method, { how }, { timeoutMs: 1000 });
  expect(await call(quote, "well")).toBe(5);
  expect(await call(quote, "well")).toBe(5);
  await expect(call(quote, "away")).rejects.toThrow("the database is away");
  await expect(call(quote, "bug")).rejects.toThrow("a bug");
  // Made of no text, so its schema refuses it at the caller's end.
  await expect(call(quote, 5 as never)).rejects.toThrow("failed");
  expect(await call(secret, "well")).toBe(5);
  const counts = (await samples())
    .filter((line) => line.includes("_count"))
    .map((line) => line.replace("_duration_seconds_count", ""));
  expect(counts).toEqual([
    'rpc_client{method="pricing.quote",outcome="answered"} 2',
    'rpc_client{method="pricing.quote",outcome="unavailable"} 3',
    'rpc_client{method="other",outcome="answered"} 1',
    'rpc_server{method="pricing.quote",outcome="answered"} 2',
    'rpc_server{method="pricing.quote",outcome="unavailable"} 1',
    'rpc_server{method="pricing.quote",outcome="failed"} 1',
    'rpc_server{method="pricing.undeclared",outcome="answered"} 1',
  ]);
});

test("without metrics client and handlers are what they were", () => {
  const handlers = [answers(quote, answer)];
  const client = createRpc({ local: handlers, scheduler });
  expect(measuredHandlers(handlers, undefined)).toBe(handlers);
  expect(measuredClient(client, undefined)).toBe(client);
});
