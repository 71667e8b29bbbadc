import { expect, test } from "bun:test";
import { systemScheduler } from "../scheduler.ts";
import { systemLookUp } from "./host-addresses.ts";

const lookUp = systemLookUp(systemScheduler);

test("an address is its own, with or without brackets", async () => {
  expect(await lookUp("127.0.0.2")).toEqual(["127.0.0.2"]);
  expect(await lookUp("[::1]")).toEqual(["::1"]);
});

test("a host with addresses of both kinds counts once", async () => {
  expect(await lookUp("localhost")).toEqual(["127.0.0.1"]);
});

test("a name that leads nowhere is an error with a code", async () => {
  const error = await lookUp("nowhere.invalid").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: expect.stringMatching(/^E/) });
});
