import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { countsOf, failuresOf, runSuite, withoutProxyHere } from "./suite-process.ts";
import { orphanedTests, selectRuns, sideBySide } from "./suites.ts";

let root = "";
const PASSES = `import { test, expect } from "bun:test"; test("a", () => expect(1).toBe(1)); test("b", () => {});`;
const MIXED = `import { test, expect } from "bun:test"; test("a", () => expect(1).toBe(2)); test.skip("b", () => {}); test("c", () => {});`;

test("a proxy of the environment is not asked for servers of this machine", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("here") });
  const script = `console.log(await (await fetch("${server.url.origin}")).text())`;
  for (const given of [{}, { no_proxy: "intranet" }]) {
    const own = withoutProxyHere(given);
    expect(own["NO_PROXY"]?.includes("intranet")).toBe("no_proxy" in given);
    const env = { HTTP_PROXY: "http://127.0.0.1:9", ...given, ...own };
    const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe" });
    expect(await new Response(child.stdout).text()).toBe("here\n");
  }
  await server.stop(true);
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "genai-demo-suites-"));
  const files = {
    "modules/order/saga.test.ts": PASSES,
    "runtime/ids.test.ts": MIXED,
    "tests/journeys/place.test.ts": PASSES,
    "tests/elsewhere/lost.test.ts": PASSES,
    "tests/boundaries/dies.test.ts": `process.exit(3);`,
    "tests/load/hangs.test.ts": `import { test } from "bun:test"; test("a", () => { for (;;); });`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await Bun.write(join(root, path), text);
  }
});

afterAll(() => rm(root, { recursive: true, force: true }));

const names = async (selection: Parameters<typeof selectRuns>[1]) =>
  (await selectRuns(root, selection)).map((run) => `${run.name}: ${run.files.length}`);

test("journeys run in every topology, the others once", async () => {
  expect(await names({})).toEqual([
    "unit: 2",
    "boundaries: 1",
    "tools: 1",
    "dev: 0",
    "journeys single: 1",
    "journeys single-pg: 1",
    "journeys split: 1",
    "journeys pairs: 1",
    "journeys replicas: 1",
    "processes: 0",
    "fuzz: 0",
    "executable: 0",
    "simulation: 0",
    "upgrade: 0",
    "faults: 0",
  ]);
});

test("a topology, a suite's name or a part of a path narrows", async () => {
  expect(await names({ topology: "single-pg" })).toEqual(["journeys single-pg: 1"]);
  expect(await names({ filter: "journeys" })).toEqual([
    "journeys single: 1",
    "journeys single-pg: 1",
    "journeys split: 1",
    "journeys pairs: 1",
    "journeys replicas: 1",
  ]);
  expect(await names({ filter: "saga" })).toEqual(["unit: 1"]);
  expect(await names({ filter: "nothing" })).toEqual([]);
});

test("what waits more than it works runs at the same time, all else one after the other", async () => {
  const together = sideBySide(await selectRuns(root, {})).map((runs) => runs.map(({ name }) => name).join(" + "));
  expect(together).toContain("journeys single + journeys single-pg");
  expect(together).toContain("journeys split + journeys pairs");
  expect(together).toContain("tools + dev");
  expect(together).toContain("processes + fuzz + executable");
  expect(together).toHaveLength(10);
  expect(sideBySide([])).toEqual([]);
});

test("a test file that no suite runs is named", async () => {
  expect(await orphanedTests(root)).toEqual(["tests/elsewhere/lost.test.ts"]);
});

const run = (files: string[], timeoutMinutes = 1) => runSuite(root, { name: "x", files, timeoutMinutes }, {}, "shown");

test("tests are counted as they ended", async () => {
  expect(await run(["modules/order/saga.test.ts", "runtime/ids.test.ts"])).toMatchObject({
    passed: 3,
    failed: 1,
    skipped: 1,
  });
});

test("what a suite prints is kept where it is asked for", async () => {
  const files = ["modules/order/saga.test.ts"];
  const kept = await runSuite(root, { name: "x", files, timeoutMinutes: 1 }, {}, "kept");
  expect([kept.passed, kept.output]).toEqual([2, expect.stringContaining("(pass) a")]);
});

test("a process that dies or hangs is a failure, never a pass", async () => {
  expect(await run(["tests/boundaries/dies.test.ts"])).toMatchObject({
    passed: 0,
    failed: 1,
    fault: expect.any(String),
  });
  const hung = await run(["tests/load/hangs.test.ts"], 0.03);
  expect(hung).toMatchObject({ passed: 0, failed: 1, fault: expect.stringContaining("stopped after") });
}, 60_000);

test("totals come from the report's first element", () => {
  const report = `<testsuites name="bun test" tests="9" assertions="1" failures="2" skipped="3" time="1"><testsuite tests="1" failures="1"/>`;
  expect(countsOf(report)).toEqual({ passed: 4, failed: 2, skipped: 3 });
  expect(countsOf("")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

test("what failed is named with where it stands and what it said first, outer and inner suites alike", () => {
  const report = `<testsuites tests="3" failures="2"><testsuite name="a.test.ts" failures="2">
    <testsuite name="group"><testcase name="is &quot;5 &lt; 6&quot;" classname="group" file="a.test.ts" line="2" assertions="1">
      <failure type="AssertionError" message="expect(received)&#10;&#10;  {&#10;+   &quot;b&quot;: 2,&#10;  }&#10;&#10;- Expected  - 0&#10;+ Received  + 1&#10;">more of it</failure></testcase></testsuite>
    <testcase name="passes" file="a.test.ts" /><testcase name="is left out" file="a.test.ts"><skipped /></testcase>
    <testcase name="throws" file="b.test.ts"><failure type="Error" message="x &amp; y">x</failure></testcase></testsuite></testsuites>`;
  expect(failuresOf(report)).toEqual([
    'a.test.ts: is "5 < 6": expect(received) | + "b": 2,',
    "b.test.ts: throws: x & y",
  ]);
  expect(failuresOf("")).toEqual([]);
});
