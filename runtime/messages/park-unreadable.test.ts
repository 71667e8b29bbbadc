import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import type { UnreadableRecord } from "../transport/port.ts";
import { faultyDatabase } from "./faulty-database.fixture.ts";
import { parkUnreadable } from "./park-unreadable.ts";
import { testBench } from "./replicas.fixture.ts";

const bench = testBench();

const record = (offset: string): UnreadableRecord => ({
  topic: "genai-demo.tally.commands.v1",
  partition: 3,
  offset,
  reason: "the header ce_type is missing",
  key: "a key with \0 in it",
  value: null,
  headers: { ce_id: "1" },
});

function parking() {
  const { database, faults } = faultyDatabase(bench.database);
  let isStopped = false;
  let tries = 0;
  faults.seen = () => void tries++;
  return {
    faults,
    tries: () => tries,
    stop() {
      isStopped = true;
    },
    park: (offset: string) =>
      parkUnreadable(
        { database, clock: systemClock, scheduler: systemScheduler, retryMs: 5, stopped: () => isStopped },
        record(offset),
      ),
  };
}

test("is kept whole, and once however often it comes", async () => {
  const { park } = parking();
  await park("41");
  await park("41");
  const letters = await bench.letters("3-41");
  expect(letters).toMatchObject([
    { source: "record:genai-demo.tally.commands.v1", reason: "unreadable", error: "the header ce_type is missing" },
  ]);
  expect(JSON.parse(String(letters[0]?.message))).toEqual(record("41"));
});

test("a database that is away is waited for", async () => {
  const { park, faults, tries } = parking();
  faults.down = true;
  const parked = park("42");
  while (tries() < 3) await systemScheduler.sleep(1);
  faults.down = false;
  await parked;
  expect(await bench.letters("3-42")).toHaveLength(1);
});

test("nobody tries on when the module has stopped, and it does not count as kept", async () => {
  const { park, faults, tries, stop } = parking();
  faults.down = true;
  const parked = park("43");
  while (tries() < 2) await systemScheduler.sleep(1);
  stop();
  await expect(parked).rejects.toThrow("planted: down");
});
