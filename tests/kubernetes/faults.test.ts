/** Each check finds the fault that it is for, and nothing in the overlays as they are. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { provisionKustomize } from "../provision/kustomize.ts";
import { provideOrSkip } from "../provision/missing.ts";
import type { Platform } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { type Overlay, renderOverlays } from "./overlays.ts";
import { byHandFaults } from "./planted/by-hand.ts";
import { objectFaults } from "./planted/objects.ts";
import { type Planted, planted } from "./planted/plant.ts";
import { rolloutFaults } from "./planted/rollouts.ts";
import { surroundingFaults } from "./planted/surroundings.ts";
import { readPlatform } from "./platform.ts";
import { providersOf } from "./providers.ts";
import { placeholdersOf } from "./value-checks.ts";

const ROOT = join(import.meta.dir, "..", "..");
const given = await provideOrSkip("the checks of Kubernetes manifests", async () => ({
  platform: await readPlatform(ROOT),
  overlays: await renderOverlays(await provisionKustomize(), ROOT),
}));
const faults: readonly Planted[] = [...objectFaults, ...rolloutFaults, ...surroundingFaults, ...byHandFaults];

let platform: Platform;
let overlays: ReadonlyMap<string, Overlay>;
beforeAll(() => {
  if (given === undefined) return;
  platform = given.platform;
  overlays = new Map(given.overlays.map((overlay) => [overlay.name, overlay]));
});

function overlay(name: string): Overlay {
  const found = overlays.get(name);
  if (found === undefined) throw new Error(`there is no overlay ${name}`);
  return found;
}

test.skipIf(given === undefined)(
  "no check finds anything in the overlays as they are",
  () => {
    const found = [...overlays.values()].flatMap((each) => CHECKS.flatMap(({ judge }) => judge(each, platform)));
    expect(found).toEqual([]);
    expect([...overlays.keys()]).toEqual(["dev", "monolith", "pairs", "production", "staging"]);
  },
  60_000,
);

test.skipIf(given === undefined).each(faults.map((fault) => [fault.what, fault] as const))("%s", (_, fault) => {
  const check = CHECKS.find(({ name }) => name.startsWith(fault.check));
  if (check === undefined) throw new Error(`there is no check that ${fault.check}`);
  const broken = planted(overlay(fault.overlay ?? "production"), fault);
  expect(check.judge(broken, platform).join("\n")).toContain(fault.says);
});

test("every check has a fault that is planted for it", () => {
  const without = CHECKS.filter(({ name }) => !faults.some(({ check }) => name.startsWith(check)));
  expect(without.map(({ name }) => name)).toEqual([]);
});

test("a fault that changes nothing is no fault", () => {
  const nothing = { objects: [], before: [], values: {} };
  const fault: Planted = { what: "nothing", plant: () => undefined, check: "", says: "" };
  expect(() => planted({ name: "x", shape: "modules", ...nothing }, fault)).toThrow("nothing has changed");
});

test("a chart that is not installed, or for nothing, or without a role is found", () => {
  const nothing = { kinds: [], resourceMetrics: [], analysisProviders: [], enforces: [], annotations: [] };
  const installed = { rbac: { "eks.amazonaws.com/role-arn": "arn" } };
  const { faults: found } = providersOf(
    [{ name: "a", chart: "missing", ...nothing }],
    new Map<string, unknown>([
      ["unsaid", installed],
      ["powerless", {}],
    ]),
  );
  expect(found.join("\n")).toContain("no chart missing is installed");
  expect(found.join("\n")).toContain("what the chart unsaid is for");
  expect(found.join("\n")).toContain("the chart powerless has no role");
});

test.skipIf(given === undefined)("what AWS has not said yet is named, and nothing else", () => {
  const named = placeholdersOf(overlay("production"));
  expect(named).toContain("image");
  expect(named).toContain("roles.order");
  expect(named).toContain("peers.databases.0.ipBlock.cidr");
  expect(named).not.toContain("region");
  expect(named.some((path) => path.startsWith("peers.issuers"))).toBe(false);
});
