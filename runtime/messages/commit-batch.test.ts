import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { send } from "./letters.fixture.ts";
import { incoming, newKey, testBench, until } from "./replicas.fixture.ts";

const bench = testBench();

test.each(["08006", "40001", "40P01", "53100", "53300", "57014", "57P03", "58030", "55P03"])(
  "SQLSTATE %s never parks: messages, timers and outcomes wait until it is over",
  async (sqlState) => {
    const slow = { make: () => systemScheduler.sleep(80).then(() => "yes") };
    const replica = await bench.replica({ ports: slow });
    const key = newKey();
    const timers = [{ kind: "ring", dueMs: systemClock.now() + 80 }];
    await send(replica, key, [{ name: "first", add: 1, calls: ["ask"], timers }]);
    await bench.rows("insert into trouble values ($1)", sqlState);
    const waiting = replica.deliver(incoming(key, 2, { name: "second" }));
    await until("it has been tried", () => replica.logged.some(({ event }) => event === "batch.unavailable"));
    await systemScheduler.sleep(150);
    expect(await bench.count("dead_letter")).toBe(0);
    expect(await bench.effects(key)).toEqual(["first"]);
    await bench.rows("delete from trouble");
    await waiting;
    await until("all of it is done", async () => (await bench.effects(key)).length >= 4);
    expect(await bench.count("dead_letter")).toBe(0);
    expect(replica.logged.filter(({ event }) => event === "message.parked")).toEqual([]);
  },
);
