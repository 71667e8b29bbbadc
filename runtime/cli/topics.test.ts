import { expect, test } from "bun:test";
import { StartError } from "../start-error.ts";
import { run } from "./topics.ts";

test("brokers that do not answer are named in one line that says what to check", async () => {
  const error = await run(["--kafka-brokers", "127.0.0.1:1"], []).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toMatch(/could not be made on 127\.0\.0\.1:1 \(.*ECONNREFUSED.*\): check KAFKA_BROKERS, .+$/);
});
