import { expect, test } from "bun:test";
import { createHealth } from "./health.ts";

test("ready once all that is expected is up, whatever is impaired", () => {
  const health = createHealth();
  health.expect("modules");
  health.impaired("redis", "the connection was lost");
  expect(health.reasons()).toEqual([{ field: "modules", message: "is starting" }]);
  health.up("modules");
  expect(health.reasons()).toEqual([]);
  expect(health.parts()).toEqual([
    { name: "modules", state: "up" },
    { name: "redis", state: "impaired", problem: "the connection was lost" },
  ]);
});

test("a part is as it was told last", () => {
  const health = createHealth();
  health.down("order", "cannot work with its database");
  expect(health.reasons()).toEqual([{ field: "order", message: "cannot work with its database" }]);
  health.impaired("order", "is slow");
  expect(health.reasons()).toEqual([]);
  health.up("order");
  expect(health.parts()).toEqual([{ name: "order", state: "up" }]);
});

test("draining it is not ready, and says so first", () => {
  const health = createHealth();
  health.up("order");
  health.drain();
  expect(health.reasons()).toEqual([{ field: "process", message: "is shutting down" }]);
  expect(health.parts().map(({ name, state }) => `${name} ${state}`)).toEqual(["process down", "order up"]);
});
