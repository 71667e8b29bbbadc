/** `verify WHAT`: the offline checks of what surrounds the code, on real tools. */
import { systemClock } from "../clock.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import { atLeast, atMost, checkFiguresFile, type Figure, figureReport, stated, writeFigures } from "./figures.ts";
import { type Checklist, openChecklist } from "./verify/checklist.ts";

export const help = `Usage: genai-demo verify telemetry [--if-built] [--json FILE]
       genai-demo verify image [--if-built] [--json FILE]
       genai-demo verify k8s [--given OVERLAY] [--draw] [--json FILE]
       genai-demo verify cluster [--if-built] [--json FILE]
       genai-demo verify infra [--if-built] [--full] [--draw] [--json FILE]
       genai-demo verify restore [--json FILE]

telemetry: lints the configurations of the collector and of Fluent Bit (k8s/), asks a real OpenTelemetry collector whether
it takes the first of them, and runs it: six processes on Kafka, PostgreSQL and Redis of their own (downloaded once) place
orders and send traces and metrics through it, of which none may be refused or lost. The collector is built once from Go
modules (needs Go 1.24; some three minutes, 30 MB in the cache), with all parts that the configuration names but the AWS
exporters, in whose place it prints: what only AWS can show is in docs/not-verified.md.

image: lints the Dockerfile, builds it, looks at what is in the image, and runs it as pods do: not root, root file system
read-only, all six modules in one container and each in its own, until orders are confirmed and it has ended in order.
Needs Linux, root, and buildah, runc and mmdebstrap (apt-get install); some two minutes. What it builds on are stand-ins
made of Debian packages, as no image can be pulled: what that leaves open is in docs/not-verified.md.

k8s: renders every overlay of k8s/ with Kustomize, with the jobs that come before it, and holds it against the schemas of
Kubernetes, Argo Rollouts and the Load Balancer Controller, against the modules' declarations (who runs where, asks whom,
speaks for whom), against the application's own settings, and against rules of its own: references, ports, selectors, rights,
Pod Security, probes, resources, blue/green, budgets. No cluster. The first time it downloads schemas and builds Kustomize
(needs Go 1.24 and pip; a minute).

cluster: starts a Kubernetes control plane without machines (etcd, API server, controllers, scheduler and the controller of
Argo Rollouts as they are, kwok in place of kubelets), applies every overlay of k8s/, and rolls one workload out and back while
orders are placed, with a real process for each colour, on PostgreSQL, Kafka and Redis. The programs are built once from Go
modules (needs Go 1.26; a quarter of an hour, 480 MB in the cache); then it takes some four minutes. Needs openssl.

infra: judges Terraform's files (infra/) without AWS: format, validity, their own tests on plans that mocks complete, rules
that hold of every plan, what each role may do against what the modules declare, and checkov (downloaded once). Then it plants
faults, which must all be found. Needs Terraform 1.11 in PATH and the AWS provider: in a mirror on this machine
(TERRAFORM_MIRROR names one that is not found by itself), or from Terraform's registry. A minute or two. With --full what an
emulated AWS (moto, downloaded once) can take is also applied, planned again without a difference, and destroyed: minutes more.

restore: rehearses a restore. Six processes, a PostgreSQL for each module and Kafka of their own (downloaded once) carry
orders of every kind while copies of the databases are taken, and crash. Then databases are put back to copies of different
moments, their consumer groups are set back, all of it starts, and what reconcile lists must be what stands otherwise than
before, with a line in docs/runbooks/restore.md that says how to mend it. Some five minutes.

  --if-built    (telemetry, image, cluster, infra) where the collector, what the image is built on, or a cluster's programs
                would have to be made first, or Terraform be installed, does only what needs none of it, and says so
  --given NAME  (k8s) fails where the overlay's values.yaml still has placeholders, and names them
  --draw        (k8s) writes the picture of what is rendered into docs/kubernetes.md; (infra) writes docs/infrastructure.md
                and infra/planned.json
  --full        (infra) on an emulated AWS as well
  --json FILE   writes the figures

A line a check. Exit code 0 when every one holds, 1 when one does not, 2 for bad arguments.

Example: bun run verify telemetry --json /tmp/telemetry.json`;

/** Makes the checks. Gives figures, where it ran to its end. */
type Verify = (checklist: Checklist, options: VerifyOptions) => Promise<readonly Figure[]>;

interface VerifyOptions {
  readonly ifBuilt: boolean;
  readonly given: string | undefined;
  readonly draw: boolean;
  readonly full: boolean;
}

/** What is verified by a name, and the flags that mean something there. */
const KNOWN: Readonly<Record<string, { readonly verify: Verify; readonly flags: readonly string[] }>> = {
  telemetry: { verify: telemetry, flags: ["if-built"] },
  image: { verify: image, flags: ["if-built"] },
  k8s: { verify: k8s, flags: ["given", "draw"] },
  cluster: { verify: cluster, flags: ["if-built"] },
  infra: { verify: infra, flags: ["if-built", "full", "draw"] },
  restore: { verify: restore, flags: [] },
};

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { flags, words } = wordsAndFlagsOf(args, {
    "if-built": "boolean",
    given: "string",
    draw: "boolean",
    full: "boolean",
    json: "string",
  });
  const [name = "none", ...others] = words;
  const known = KNOWN[name];
  if (others.length > 0 || known === undefined)
    throw new UsageError(
      `verify: name what to verify, ${Object.keys(KNOWN).join(", ")}, not ${[name, ...others].join(" ")} (see --help)`,
    );
  const foreign = Object.keys(flags).find((flag) => flag !== "json" && !known.flags.includes(flag));
  if (foreign !== undefined) throw new UsageError(`verify ${name}: takes no --${foreign} (see --help)`);
  checkFiguresFile(flags.json);
  const startedAtMs = systemClock.now();
  const checklist = openChecklist((line) => console.log(line));
  const figures = await known.verify(checklist, {
    ifBuilt: flags["if-built"] === true,
    given: flags.given,
    draw: flags.draw === true,
    full: flags.full === true,
  });
  for (const { name: figure, value, unit } of figures) console.log(`${figure}: ${value} ${unit}`);
  writeFigures(flags.json, figureReport(`verify ${name}`, startedAtMs, figures, []));
  const { passed, failed } = checklist.counts();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function telemetry(checklist: Checklist, { ifBuilt }: VerifyOptions): Promise<readonly Figure[]> {
  const { verifyTelemetry } = await import("../../tests/collector/verify.ts");
  const exported = await verifyTelemetry(checklist, ifBuilt);
  if (exported === null) return [];
  const { counted, orders } = exported;
  return [
    atLeast("telemetry.orders", orders, "orders", 1),
    atLeast("telemetry.acceptedSpans", counted.acceptedSpans, "spans", 1),
    atLeast("telemetry.acceptedPoints", counted.acceptedPoints, "metric points", 1),
    atMost("telemetry.refused", counted.refused, "spans and points", 0),
    atMost("telemetry.lost", counted.failed, "spans and points", 0),
  ];
}

async function image(checklist: Checklist, { ifBuilt }: VerifyOptions): Promise<readonly Figure[]> {
  const { verifyImage } = await import("../../tests/image/verify.ts");
  const measured = await verifyImage(checklist, ifBuilt);
  if (measured === null) return [];
  return [
    stated("image.addedMb", measured.addedMb, "MB"),
    stated("image.buildSeconds", measured.buildSeconds, "s"),
    stated("image.residentMb", measured.residentMb, "MB"),
  ];
}

async function k8s(checklist: Checklist, { given, draw }: VerifyOptions): Promise<readonly Figure[]> {
  const { verifyManifests } = await import("../../tests/kubernetes/verify.ts");
  const found = await verifyManifests(checklist, { given, draw });
  if (found === null) return [];
  return [
    atLeast("k8s.overlays", found.overlays, "overlays", 5),
    stated("k8s.objects", found.objects, "objects"),
    stated("k8s.placeholders", found.placeholders, "values of AWS not given yet"),
  ];
}

async function cluster(checklist: Checklist, { ifBuilt }: VerifyOptions): Promise<readonly Figure[]> {
  const { verifyCluster } = await import("../../tests/cluster/verify.ts");
  const measured = await verifyCluster(checklist, ifBuilt);
  if (measured === null) return [];
  return [
    stated("cluster.minutes", measured.minutes, "min"),
    stated("cluster.readySeconds", measured.readySeconds, "s"),
    stated("cluster.orders", measured.orders, "orders"),
    stated("cluster.calmGapMs", measured.calmGapMs, "ms"),
    atMost("cluster.handoverGapMs", measured.handoverGapMs, "ms", measured.mostGapMs),
    atMost("cluster.handbackGapMs", measured.handbackGapMs, "ms", measured.mostGapMs),
    atMost("cluster.failedRequests", measured.failedRequests, "requests", 0),
    atMost("cluster.violations", measured.violations, "violations", 0),
  ];
}

async function infra(checklist: Checklist, { ifBuilt, full, draw }: VerifyOptions): Promise<readonly Figure[]> {
  const { verifyInfra } = await import("../../tests/infra/verify.ts");
  const judged = await verifyInfra(checklist, { full, draw, onlyIfThere: ifBuilt });
  if (judged === null) return [];
  const { applied } = judged;
  return [
    atLeast("infra.resources", judged.resources, "planned resources", 1),
    atLeast("infra.assertions", judged.assertions, "assertions", 21),
    atLeast("infra.rights", judged.rights, "requests", 1),
    atLeast("infra.plantedFaults", judged.planted, "planted faults", 30),
    atLeast("infra.checkov", judged.checkovPassed, "checks of checkov's", 1),
    ...(applied === null
      ? []
      : [
          atLeast("infra.applied", applied.resources, "resources on an emulated AWS", 1),
          stated("infra.applySeconds", applied.applySeconds, "s"),
          stated("infra.destroySeconds", applied.destroySeconds, "s"),
        ]),
  ];
}

async function restore(checklist: Checklist): Promise<readonly Figure[]> {
  const { verifyRestore } = await import("../../tests/restore/verify.ts");
  const measured = await verifyRestore(checklist);
  if (measured === null) return [];
  return [
    stated("restore.minutes", measured.minutes, "min"),
    atLeast("restore.orders", measured.orders, "orders", 1),
    atLeast("restore.restores", measured.restores, "restores", 1),
    atLeast("restore.differing", measured.differing, "orders", 1),
    atLeast("restore.differingListed", measured.differingListed, "orders", measured.differing),
  ];
}
