import { expect, test } from "bun:test";
import { createTwinRequests } from "./twin-requests.ts";

test("a request can wait for the twins before it, ended well or not, never for later ones or other keys", async () => {
  const twins = createTwinRequests();
  const ended: string[] = [];
  const first = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  const failing = twins.run("s", () => first.promise).catch(() => ended.push("first"));
  const waiting = twins.run("s", (before) => before.then(() => ended.push("second")));
  const later = twins.run("s", () => third.promise);
  await twins.run("other", (before) => before.then(() => ended.push("other")));
  expect(ended).toEqual(["other"]);
  first.reject(new Error("it failed"));
  await Promise.all([failing, waiting]);
  expect(ended).toEqual(["other", "first", "second"]);
  third.resolve();
  await later;
});

test("what has ended is forgotten", async () => {
  const twins = createTwinRequests();
  await Promise.allSettled([
    twins.run("s", () => Promise.resolve(1)),
    twins.run("s", () => Promise.reject(new Error("no"))),
    twins.run("t", (before) => before),
  ]);
  await Bun.sleep(0);
  expect(twins.underWay()).toBe(0);
});
