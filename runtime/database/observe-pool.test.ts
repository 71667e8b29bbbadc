import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { metricsBench } from "../telemetry/metrics/metrics.fixture.ts";
import { observePool } from "./observe-pool.ts";
import { openDatabase } from "./postgres.ts";
import { startScratchServer } from "./scratch-server.fixture.ts";

let server: Awaited<ReturnType<typeof startScratchServer>>;
beforeAll(async () => {
  server = await startScratchServer();
}, 30_000);
afterAll(() => server.stop());

test("a pool tells how many connections it has, how many work, and how many statements wait", async () => {
  const database = openDatabase({ url: server.url, schema: "public", role: null, scheduler, poolSize: 2 });
  const { metrics, samples } = metricsBench();
  observePool(metrics, "order", database);
  const told = async () =>
    (await samples()).map((line) => line.replace("db_client_connection_", "").replace('pool="order"', ""));
  expect(await told()).toEqual(['count{,state="used"} 0', 'count{,state="idle"} 0', "max{} 2", "pending_requests{} 0"]);
  const sleeps = [1, 2, 3].map(() => database.query({ text: "select pg_sleep(0.3)", params: [] }));
  expect(await told()).toEqual(['count{,state="used"} 2', 'count{,state="idle"} 0', "max{} 2", "pending_requests{} 1"]);
  await Promise.all(sleeps);
  expect(await told()).toEqual(['count{,state="used"} 0', 'count{,state="idle"} 2', "max{} 2", "pending_requests{} 0"]);
  await database.close();
});
