import { expect, test } from "bun:test";
import { freeServerPorts } from "./server-port.ts";

test("ports are different, and none that the system gives to an outgoing connection", async () => {
  const ports = await freeServerPorts(40);
  expect(new Set(ports).size).toBe(40);
  for (const port of ports) {
    expect(port).toBeGreaterThan(1023);
    expect(port).toBeLessThan(32_768);
  }
});
