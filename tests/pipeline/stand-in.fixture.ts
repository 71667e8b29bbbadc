/**
 * Stands for aws, docker, kubectl, kustomize, npx and go in a clean shell: notes how it was called, and answers from what the
 * test has written into the directory of CALLS. Of kubectl it plays the controller as far as promotion goes: a Rollout
 * whose pause is taken away becomes what `afterSwitch` says.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";

export const worldSchema = z.object({
  findings: z.record(z.string(), z.number()).default({}),
  /** Calls whose words begin like this fail. */
  failing: z.array(z.string()).default([]),
  jobs: z.record(z.string(), z.enum(["Complete", "Failed", "open"])).default({}),
  rollouts: z
    .record(
      z.string(),
      z.object({
        state: z.enum(["waiting", "settled", "failed", "unseen", "moving"]),
        afterSwitch: z.enum(["settled", "failed"]).default("settled"),
      }),
    )
    .default({}),
});
export type World = z.input<typeof worldSchema>;

export const DIGEST = `sha256:${"ab12".repeat(16)}`;

const condition = (type: string) => ({ type, status: "True" });

function rolloutOf(name: string, state: string) {
  const is = (of: string) => state === of;
  return {
    metadata: { name, generation: 2 },
    status: {
      observedGeneration: is("unseen") ? "1" : "2",
      phase: is("settled") || is("unseen") ? "Healthy" : is("failed") ? "Degraded" : "Progressing",
      abort: is("failed"),
      stableRS: is("settled") || is("unseen") ? "new" : "old",
      currentPodHash: "new",
      pauseConditions: is("waiting") ? [{ reason: "BlueGreenPause" }] : [],
    },
  };
}

function main(directory: string): void {
  const file = join(directory, "world.json");
  const world = worldSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const program = basename(process.env["STAND_IN"] ?? "");
  const words = process.argv.slice(2);
  const call = [program, ...words].join(" ");
  appendFileSync(join(directory, "calls"), `${call}\n`);
  if (world.failing.some((each) => call.startsWith(each))) process.exit(1);
  const print = (value: unknown) => console.log(JSON.stringify(value));
  if (call.startsWith("aws ecr describe-image-scan-findings"))
    print({
      imageId: { imageDigest: DIGEST },
      imageScanFindings: {
        findingSeverityCounts: world.findings,
        findings: Object.keys(world.findings).map((severity) => ({ severity, name: `CVE-of-${severity}` })),
      },
    });
  else if (call === "kubectl -n genai-demo get jobs -o json")
    print({
      items: Object.entries(world.jobs).map(([name, state]) => ({
        metadata: { name },
        status: state === "open" ? {} : { conditions: [condition(state)] },
      })),
    });
  else if (call === "kubectl -n genai-demo get rollouts -o json")
    print({ items: Object.entries(world.rollouts).map(([name, { state }]) => rolloutOf(name, state)) });
  else if (call.startsWith("kubectl -n genai-demo get rollout "))
    print(rolloutOf(words[4] ?? "", world.rollouts[words[4] ?? ""]?.state ?? "failed"));
  else if (call.startsWith("kubectl -n genai-demo patch rollout ")) {
    const rollout = world.rollouts[words[4] ?? ""];
    if (rollout !== undefined) rollout.state = call.includes('"abort":true') ? "failed" : rollout.afterSwitch;
    writeFileSync(file, JSON.stringify(world));
  } else if (program === "kubectl" && words[0] === "apply") readFileSync(0);
}

if (import.meta.main) main(process.env["CALLS"] ?? "");
