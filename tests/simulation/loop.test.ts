import { expect, test } from "bun:test";
import { seededRandom } from "../../runtime/random.ts";
import { drawFaultProfile } from "./fault-profile.ts";
import { createFaults } from "./faults.ts";
import { createLoop } from "./loop.ts";
import { createTrace } from "./trace.ts";

function bench() {
  const spun: string[] = [];
  const trace = createTrace("end", () => 0);
  const faults = createFaults(seededRandom(1), drawFaultProfile(seededRandom(1)), () => 0);
  const onCrash = () => undefined;
  const onSpin = ({ name }: { readonly name: string }) => spun.push(name);
  const loop = createLoop({ random: seededRandom(1), faults, trace, startMs: 0, onCrash, onSpin });
  return { loop, spun };
}

test("a loop that waits for nothing of the simulation's is met, told once, and its node ends", async () => {
  const { loop, spun } = bench();
  const node = loop.createActor("node", true, 0);
  const clock = loop.clockOf(node);
  let fault: unknown;
  const forever = async () => {
    for (;;) {
      await Promise.resolve();
      clock.now();
    }
  };
  forever().catch((error: unknown) => {
    fault = error;
  });
  await loop.step();
  expect(String(fault)).toContain("node spins");
  expect(spun).toEqual(["node"]);
  expect(node.alive).toBe(false);
});

test("looking at the clock in many steps is not spinning", async () => {
  const { loop, spun } = bench();
  const node = loop.createActor("node", false, 0);
  const clock = loop.clockOf(node);
  for (let step = 0; step < 10; step++) {
    for (let look = 0; look < 20_000; look++) clock.now();
    loop.after(node, 1, () => undefined);
    await loop.step();
  }
  expect(spun).toEqual([]);
});
