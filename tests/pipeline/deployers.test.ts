import { expect, setDefaultTimeout, test } from "bun:test";
import { renderOverlays } from "../kubernetes/overlays.ts";
import { provisionKustomize } from "../provision/kustomize.ts";
import { ROOT } from "./buildspec.ts";
import { readDeployers, refusals } from "./deployers.ts";

// The first time Kustomize is built.
setDefaultTimeout(300_000);

const may = await readDeployers(ROOT, "genai-demo:deployers");
const overlays = await renderOverlays(await provisionKustomize(), ROOT);
const ours = { group: "", name: "x", namespace: "genai-demo" };

test.each(overlays)("$name can be applied by the pipeline, with what comes before it", ({ objects, before }) => {
  expect(refusals([...before, ...objects], may)).toEqual([]);
});

test("it promotes, and reads why a job has failed", () => {
  expect(may({ ...ours, verb: "patch", group: "argoproj.io", resource: "rollouts/status" })).toBe(true);
  expect(may({ ...ours, verb: "list", resource: "pods" }) && may({ ...ours, verb: "get", resource: "pods/log" })).toBe(
    true,
  );
});

test("it gives a workload's role no right that it has not: the API server would refuse", () => {
  for (const verb of ["get", "watch"]) expect(may({ ...ours, verb, resource: "services" })).toBe(true);
});

test.each([
  { ...ours, verb: "get", resource: "secrets" },
  { ...ours, verb: "create", resource: "pods/exec" },
  { ...ours, verb: "create", resource: "pods" },
  { ...ours, verb: "delete", group: "argoproj.io", resource: "rollouts" },
  { ...ours, verb: "escalate", group: "rbac.authorization.k8s.io", resource: "roles" },
  { ...ours, verb: "patch", resource: "configmaps", namespace: "kube-system" },
  { ...ours, verb: "patch", resource: "namespaces", name: "kube-system", namespace: undefined },
  { ...ours, verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterroles", namespace: undefined },
])("it may not $verb $resource in $namespace", (request) => {
  expect(may(request)).toBe(false);
});

test("another group may nothing", async () => {
  expect(refusals(overlays[0]?.objects ?? [], await readDeployers(ROOT, "genai-demo:readers")).length).toBeGreaterThan(
    10,
  );
});
