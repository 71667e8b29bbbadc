import { expect, test } from "bun:test";
import { StartError } from "../start-error.ts";
import { run } from "./topics.ts";

test("brokers that do not answer are named in one line that says what to check", async () => {
  const error = await run(["--kafka-brokers", "127.0.0.1:1"], []).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toMatch(/could not be made on 127\.0\.0\.1:1 \(.*ECONNREFUSED.*\): check KAFKA_BROKERS, .+$/);
});

test.each([
  ["yesterday", /takes a time with its zone .* or earliest, not yesterday/],
  // Without a zone.
  ["2026-11-28T04:00:00", /takes a time with its zone/],
])("groups are set back to a moment that means the same everywhere, not to %s", async (moment, refusal) => {
  await expect(run(["--kafka-brokers", "127.0.0.1:1", "--rewind-to", moment], [])).rejects.toThrow(refusal);
});

test("topics are made for all modules: --modules without --rewind-to is a mistake", async () => {
  await expect(run(["--modules", "order"], [])).rejects.toThrow(/--modules goes with --rewind-to/);
});
