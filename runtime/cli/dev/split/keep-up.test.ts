import { expect, test } from "bun:test";
import { systemScheduler } from "../../../scheduler.ts";
import { until } from "../../../until.fixture.ts";
import { keepUp } from "./keep-up.ts";

/** Its seconds are short. */
const scheduler = { ...systemScheduler, sleep: (delayMs: number) => systemScheduler.sleep(delayMs / 200) };

/** A server that a test ends; the next `failures` starts fail. */
function fakeServer() {
  let pid = 1;
  let runs = true;
  let failures = 0;
  let starts = 0;
  return {
    get pid() {
      return pid;
    },
    get runs() {
      return runs;
    },
    get starts() {
      return starts;
    },
    die(failing = 0) {
      runs = false;
      failures = failing;
    },
    async start() {
      if (runs) return;
      starts++;
      pid++;
      if (failures-- > 0) throw new Error("no memory");
      runs = true;
    },
  };
}

test("one that ends by itself is started again, and why it cannot is told once", async () => {
  const server = fakeServer();
  const said: string[] = [];
  const end = keepUp("Kafka", server, { scheduler, say: (line) => said.push(line) });
  server.die();
  await until("it runs", () => server.runs);
  server.die(3);
  await until("it runs", () => server.runs);
  await end();
  expect(said).toEqual([
    "KAFKA ENDED BY ITSELF and runs again",
    "KAFKA ENDED BY ITSELF and is tried again and again: no memory",
    "KAFKA ENDED BY ITSELF and runs again",
  ]);
});

test("after the end nobody starts it", async () => {
  const server = fakeServer();
  const end = keepUp("Redis", server, { scheduler, say: () => undefined });
  await end();
  server.die();
  await systemScheduler.sleep(50);
  expect(server.starts).toBe(0);
});
