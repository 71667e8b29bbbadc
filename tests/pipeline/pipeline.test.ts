/**
 * What the pipeline's steps do: what stands in them, and that they go on, stop and take back where they should. What needs
 * AWS is stood in for; what the same commands do on a real controller is `verify cluster`'s.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json";
import { type Buildspec, commandsOf, environmentIn, faultsOf, ROOT, readBuildspec, STEPS } from "./buildspec.ts";
import { type CleanShell, openCleanShell } from "./clean-shell.ts";
import { DIGEST, type World } from "./stand-in.fixture.ts";

setDefaultTimeout(60_000);

const terraform = await Bun.file(join(ROOT, "infra/modules/pipeline/main.tf")).text();
const stages = await Bun.file(join(ROOT, "infra/modules/pipeline/pipeline.tf")).text();
const surroundings = { environment: environmentIn(terraform), inputs: ["image"], scripts: manifest.scripts };

test("Terraform builds the steps that there are, and hands the image's artifact to the deployment", async () => {
  expect([...terraform.matchAll(/^ {4}(\w+)\s+= \{ privileged/gm)].map(([, name]) => name)).toEqual([...STEPS]);
  expect(terraform).toContain('buildspec = "infra/pipeline/${each.key}.yaml"');
  expect(surroundings.environment).toEqual(["ENVIRONMENT", "CLUSTER", "REPOSITORY_URL"]);
  expect(stages).toContain('input_artifacts = ["source", "image"]');
  expect((await readBuildspec("image")).artifacts?.files).toContain("image.env");
});

test.each([...STEPS])(
  "%s: every command is one of bash, of a program that there is, with variables that it is given",
  async (step) => {
    expect(faultsOf(await readBuildspec(step), surroundings)).toEqual([]);
  },
);

test.each([
  ["a slip of the shell", "if true; then", /syntax error/],
  [
    "a variable that nobody gives",
    'aws eks update-kubeconfig --name "$CLUSTER_NAME"',
    /CLUSTER_NAME is given by nobody/,
  ],
  ["a program that is not there", "helm upgrade x", /there is no helm/],
  ["a script that is not there", "bash infra/pipeline/demote", /there is no infra\/pipeline\/demote/],
  ["a command of the platform that is not there", "npx -y bun@1.4.5 run deploy", /there is no bun run deploy/],
  ["a pipe that hides a failure", "kustomize build x | kubectl apply -f -", /goes unnoticed/],
])("%s is found", (_what, command, fault) => {
  const spec: Buildspec = { version: 0.2, env: { shell: "bash" }, phases: { build: { commands: [command] } } };
  expect(faultsOf(spec, surroundings).join("\n")).toMatch(fault);
});

test("the steps run the bun that the checkout demands", async () => {
  const specs = await Promise.all(STEPS.map(readBuildspec));
  const versions = specs.flatMap((spec) =>
    [
      ...commandsOf(spec)
        .join("\n")
        .matchAll(/bun@(\S+)/g),
    ].map(([, each]) => `bun@${each}`),
  );
  expect([...new Set(versions)]).toEqual([manifest.packageManager]);
});

describe("in a clean shell", () => {
  let shell: CleanShell;
  beforeAll(async () => {
    shell = await openCleanShell();
  });
  afterAll(() => shell[Symbol.asyncDispose]());

  const REPOSITORY_URL = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/genai-demo";
  const GIVEN = { ENVIRONMENT: "production", CLUSTER: "genai-demo-production", REPOSITORY_URL };
  const BUILD = {
    ...GIVEN,
    CODEBUILD_RESOLVED_SOURCE_VERSION: "0123456789abcdef",
    CODEBUILD_BUILD_NUMBER: "7",
    CODEBUILD_BUILD_SUCCEEDING: "1",
  };

  test("image: built once, pushed under a tag of its own, handed on by digest", async () => {
    const { code, calls, file, output } = await shell.run(commandsOf(await readBuildspec("image")), {}, BUILD);
    expect([code, output]).toEqual([0, expect.any(String)]);
    expect(calls.filter((call) => call.startsWith("docker push"))).toEqual([
      `docker push ${REPOSITORY_URL}:0123456789abcdef-7`,
    ]);
    expect(calls.indexOf("npx -y bun@1.4.5 run release")).toBeGreaterThan(0);
    expect(await file("image.env")).toBe(`IMAGE=${REPOSITORY_URL}@${DIGEST}\nRELEASE=ab12ab12ab12\n`);
  });

  test.each([
    ["a critical finding", { findings: { CRITICAL: 1, LOW: 3 } }, "CRITICAL CVE-of-CRITICAL"],
    ["a high finding", { findings: { HIGH: 2 } }, "HIGH CVE-of-HIGH"],
    ["a scan that has failed", { failing: ["aws ecr wait"] }, ""],
    ["a login that is refused", { failing: ["aws ecr get-login-password"] }, ""],
  ] satisfies [string, World, string][])("image: %s ends it, and nothing is handed on", async (_what, world, said) => {
    const { code, file, output } = await shell.run(commandsOf(await readBuildspec("image")), world, BUILD);
    expect(code).not.toBe(0);
    expect(output).toContain(said);
    expect(await file("image.env").catch(() => "")).toBe("");
  });

  test("image: a low finding does not", async () => {
    const world = { findings: { MEDIUM: 4, LOW: 9 } };
    expect((await shell.run(commandsOf(await readBuildspec("image")), world, BUILD)).code).toBe(0);
  });

  /** The deployment, after an image was handed on. */
  async function deploy(world: World, environment: Readonly<Record<string, string>> = {}) {
    const image = `CODEBUILD_SRC_DIR_image=$PWD; printf 'IMAGE=%s\\nRELEASE=%s\\n' '${REPOSITORY_URL}@${DIGEST}' ab12ab12ab12 > image.env`;
    const commands = [image, ...commandsOf(await readBuildspec("deploy"))];
    return shell.run(commands, world, { ...GIVEN, ...environment });
  }
  const ENDED = { "migrate-ab12ab12ab12": "Complete", "topics-ab12ab12ab12": "Complete" } as const;
  const promotions = (calls: readonly string[]) =>
    calls.flatMap((call) => {
      const [, name, what] = /patch rollout (\w+) .*"(pauseConditions|abort)"/.exec(call) ?? [];
      return name === undefined ? [] : [`${what === "abort" ? "abort" : "promote"} ${name}`];
    });

  test("deploy: what comes before is applied and awaited, then the overlay, then each is promoted", async () => {
    const world: World = {
      jobs: ENDED,
      rollouts: { order: { state: "waiting" }, payment: { state: "waiting" }, delivery: { state: "settled" } },
    };
    const { code, calls, file, output } = await deploy(world);
    expect([code, output]).toEqual([0, expect.stringContaining("payment: promoted, settled")]);
    const at = (begin: string) => calls.findIndex((call) => call.startsWith(begin));
    const order = [
      "npx -y bun@1.4.5 run verify k8s --given production",
      "aws eks update-kubeconfig --name genai-demo-production",
      "kustomize build k8s/overlays/production/before",
      "kubectl -n genai-demo get jobs",
      "kubectl -n genai-demo get rollouts",
    ];
    expect(order.map(at)).toEqual([...order.map(at)].sort((a, b) => a - b));
    expect(order.map(at)).not.toContain(-1);
    expect(calls.lastIndexOf("kustomize build k8s/overlays/production")).toBeGreaterThan(
      at("kubectl -n genai-demo get jobs"),
    );
    expect(promotions(calls)).toEqual(["promote order", "promote payment"]);
    const values = await file("k8s/overlays/production/values/values.yaml");
    expect(values).toContain(`  image: ${REPOSITORY_URL}@${DIGEST}\n  release: "ab12ab12ab12"\n`);
  });

  test("deploy: where placeholders are left, nothing is applied", async () => {
    const { code, calls } = await deploy({ failing: ["npx -y bun@1.4.5 run verify"], jobs: ENDED });
    expect([code, calls.filter((call) => call.startsWith("kubectl"))]).toEqual([1, []]);
  });

  test.each([
    ["has failed", { ...ENDED, "migrate-ab12ab12ab12": "Failed" }, "job migrate-ab12ab12ab12 has failed"],
    ["does not end", { "migrate-ab12ab12ab12": "open" }, "of 1 jobs of release ab12ab12ab12 1 have not ended"],
    ["is not there: those of another release do not count", { "migrate-cd34cd34cd34": "Complete" }, "of 0 jobs"],
  ] satisfies [string, World["jobs"], string][])(
    "deploy: a job that %s ends it before the overlay",
    async (_what, jobs, said) => {
      const { code, calls, output } = await deploy(
        { jobs, rollouts: { order: { state: "waiting" } } },
        { WITHIN_SECONDS: "0" },
      );
      expect([code, output]).toEqual([1, expect.stringContaining(said)]);
      expect(calls).not.toContain("kustomize build k8s/overlays/production");
      expect(promotions(calls)).toEqual([]);
    },
  );

  test("deploy: while one preview is not good none is promoted, and those that wait are aborted", async () => {
    const rollouts = {
      order: { state: "waiting" },
      payment: { state: "failed" },
      delivery: { state: "waiting" },
    } as const;
    const { code, calls, output } = await deploy({ jobs: ENDED, rollouts });
    expect([code, output]).toEqual([1, expect.stringContaining("the preview of payment is not good")]);
    expect(promotions(calls)).toEqual(["abort order", "abort delivery"]);
  });

  test("deploy: one that fails after its switch ends it; those after it are aborted, those before it stay", async () => {
    const rollouts = {
      order: { state: "waiting" },
      payment: { state: "waiting", afterSwitch: "failed" },
      delivery: { state: "waiting" },
    } as const;
    const { code, calls } = await deploy({ jobs: ENDED, rollouts });
    expect([code, promotions(calls)]).toEqual([1, ["promote order", "promote payment", "abort delivery"]]);
  });

  test.each(["unseen", "moving"] as const)(
    "deploy: a rollout that is %s is waited for, and is not good when it comes to nothing",
    async (state) => {
      const { code, output } = await deploy({ jobs: ENDED, rollouts: { order: { state } } }, { WITHIN_SECONDS: "0" });
      expect([code, output]).toEqual([1, expect.stringContaining("order has come to nothing")]);
    },
  );

  test("deploy: a cluster without a Rollout is a mistake", async () => {
    expect((await deploy({ jobs: ENDED })).code).toBe(1);
  });
});
