/** Faults that come in when YAML is edited by hand: each is a field that Kubernetes takes, and hurts in a cluster alone. */
import { add, type Draft, find, type Planted, remove, set } from "./plant.ts";

type Drafts = Parameters<Planted["plant"]>[0];
type Value = Parameters<typeof set>[2];
/** What is wrong, where, with what instead (undefined: it is removed), and what is said of it. */
type Edit = readonly [what: string, path: string, value: Value | undefined, says: string];

const POD = "spec.template.spec";
const APP = `${POD}.containers.0`;
const BLUE_GREEN = "spec.strategy.blueGreen";
const JOB = "spec.metrics.0.provider.job.spec";
const SMOKE = `${JOB}.template.spec.containers.0.args`;
const IMAGE = `000000000000.dkr.ecr.us-east-1.amazonaws.com/x@sha256:${"0".repeat(64)}`;
const ROLE = "metadata.annotations[eks.amazonaws.com/role-arn]";

const object = (kind: string, name: string) => (drafts: Drafts) => find(drafts.objects, kind, name);
const before = (kind: string, name: string) => (drafts: Drafts) => find(drafts.before, kind, name);

function edited(check: string, of: (drafts: Drafts) => Draft, edits: readonly Edit[]): readonly Planted[] {
  return edits.map(([what, path, value, says]) => ({
    what,
    check,
    says,
    plant(drafts) {
      if (value === undefined) remove(of(drafts), path);
      else set(of(drafts), path, value);
    },
  }));
}

const order = object("Rollout", "order");
const settings = object("ConfigMap", "order");
const smoke = object("AnalysisTemplate", "smoke");
const success = object("AnalysisTemplate", "order-success-rate");
const scaler = object("HorizontalPodAutoscaler", "order");
const migrate = before("Job", "migrate-000000000000");

export const byHandFaults: readonly Planted[] = [
  ...edited("waits for nothing", order, [
    ["a class of priority that nobody makes", `${POD}.priorityClassName`, "high", "priority class high"],
    ["another scheduler", `${POD}.schedulerName`, "mine", "schedulerName"],
    ["a runtime that is not there", `${POD}.runtimeClassName`, "gvisor", "runtimeClassName"],
    ["a node by its name", `${POD}.nodeName`, "node-1", "nodeName"],
    ["a node that nobody has", `${POD}.nodeSelector`, { disk: "ssd" }, "nodeSelector"],
    ["a pull secret", `${POD}.imagePullSecrets`, [{ name: "registry" }], "imagePullSecrets"],
    ["names beside the name service", `${POD}.hostAliases`, [], "hostAliases"],
    ["a deadline of a pod that lasts", `${POD}.activeDeadlineSeconds`, 100, "activeDeadlineSeconds"],
    ["the node's name service", `${POD}.dnsPolicy`, "Default", "does not find the Services"],
    ["a pod that is not started again", `${POD}.restartPolicy`, "Never", "restartPolicy is Never"],
    ["an image that is not pulled", `${APP}.imagePullPolicy`, "Never", "finds no image"],
    ["a Secret's setting", `${APP}.env.1.valueFrom`, { secretKeyRef: { name: "x", key: "y" } }, "no Secret x"],
    ["a Secret of settings", `${APP}.envFrom.0`, { secretRef: { name: "order-secrets" } }, "no Secret order-secrets"],
    ["a Secret's files", `${POD}.volumes.0`, { name: "tmp", secret: { secretName: "x" } }, "volume tmp"],
    ["a disk", `${POD}.volumes.0`, { name: "tmp", persistentVolumeClaim: { claimName: "x" } }, "volume tmp"],
    [
      "Spot and nothing else",
      `${POD}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`,
      { nodeSelectorTerms: [] },
      "nodeAffinity is required",
    ],
  ]),
  ...edited("runs one container a pod", order, [
    ["a shell's command", `${APP}.command`, ["sh", "-c", "serve"], "command is the image's"],
    ["another directory", `${APP}.workingDir`, "/srv", "workingDir is the image's"],
    ["a hook without a shell", `${APP}.lifecycle.postStart`, { exec: { command: ["sh"] } }, "postStart"],
    ["settings by other names", `${APP}.envFrom.0.prefix`, "X_", "prefix X_"],
    ["settings that may be missing", `${APP}.envFrom.0.configMapRef.optional`, true, "optional must not be true"],
    ["a container before", `${POD}.initContainers`, [{ name: "wait", image: IMAGE }], "has 2 containers"],
    ["processes that see each other", `${POD}.shareProcessNamespace`, true, "shows its processes"],
    ["a variable twice", `${APP}.env.1.name`, "POD_TEMPLATE_HASH", "POD_TEMPLATE_HASH is said twice"],
    ["two mounts at one place", `${APP}.volumeMounts.0.mountPath`, "/var/run/secrets/genai-demo", "is said twice"],
  ]),
  {
    what: "another workload's settings on top",
    plant: (drafts) => add(order(drafts), `${APP}.envFrom`, { configMapRef: { name: "payment-settings" } }),
    check: "runs one container a pod",
    says: "reads 2 ConfigMaps",
  },
  ...edited("mounts what each process", order, [
    ["no place to write to", `${APP}.volumeMounts.0`, undefined, "/tmp cannot be written to"],
    ["a place that takes the memory", `${POD}.volumes.0.emptyDir.sizeLimit`, "16Gi", "counts as the pod's"],
    ["no authority of the API server", `${POD}.volumes.2.projected.sources.1`, undefined, "does not believe"],
    [
      "an authority by another name",
      `${POD}.volumes.2.projected.sources.1.configMap.items.0.path`,
      "root.crt",
      "does not believe",
    ],
    ["a token that is never renewed", `${APP}.volumeMounts.1.subPath`, "token", "never renewed"],
    [
      "a token shorter than there are",
      `${POD}.volumes.1.projected.sources.0.serviceAccountToken.expirationSeconds`,
      60,
      "a token of 60 s",
    ],
    [
      "a token for a year",
      `${POD}.volumes.2.projected.sources.0.serviceAccountToken.expirationSeconds`,
      31536000,
      "a token of 31536000 s",
    ],
  ]),
  ...edited("mounts what each process", object("Deployment", "adot-collector"), [
    ["a configuration elsewhere", `${APP}.args`, ["--config=/etc/x.yaml"], "where nothing is mounted"],
  ]),
  ...edited("mounts what each process", object("DaemonSet", "fluent-bit"), [
    ["a configuration mounted elsewhere", `${APP}.volumeMounts.0.mountPath`, "/etc/x", "where nothing is mounted"],
  ]),
  ...edited("tells every workload the same", settings, [
    ["an issuer with a slash too many", "data.OIDC_ISSUER", "https://x.example/", "OIDC_ISSUER is"],
    ["tokens that nobody else believes", "data.SERVICE_AUDIENCE", "other", "SERVICE_AUDIENCE is"],
    ["accounts of another namespace", "data.SERVICE_NAMESPACE", "other", "SERVICE_NAMESPACE is"],
    ["brokers by another login's port", "data.KAFKA_BROKERS", "b-1.x:9092", "admit port 9098"],
    ["another region", "data.AWS_REGION", "eu-west-1", "AWS_REGION is"],
    ["another path of parameters", "data.PARAMETER_PATH", "/genai", "PARAMETER_PATH is"],
    ["traces that nobody takes", "data.OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", "leads to no Service"],
    ["addresses that callers choose", "data.TRUSTED_PROXIES", "9", "TRUSTED_PROXIES is"],
    ["a log that is not parsed", "data.LOG_FORMAT", undefined, "LOG_FORMAT is"],
    ["no overlap", "data.ACTIVE_OVERLAP_MS", "1000", "a silent watch hides"],
  ]),
  ...edited("heeds what each analysis", order, [
    ["a smoke that nobody heeds", `${BLUE_GREEN}.prePromotionAnalysis.dryRun`, [{ metricName: ".*" }], "dryRun"],
    ["a judgement that nobody heeds", `${BLUE_GREEN}.postPromotionAnalysis.dryRun`, [{ metricName: ".*" }], "dryRun"],
  ]),
  ...edited("heeds what each analysis", smoke, [
    ["a smoke that may fail", "spec.metrics.0.failureLimit", 10, "failureLimit"],
    ["a smoke without an end", "spec.metrics.0.count", undefined, "has no count"],
  ]),
  ...edited("heeds what each analysis", success, [
    ["a template that nobody heeds", "spec.dryRun", [{ metricName: ".*" }], "dryRun passes"],
    ["a judgement that may fail", "spec.metrics.0.failureLimit", 3, "failureLimit"],
    ["a judgement without an end", "spec.metrics.0.count", undefined, "has no count"],
  ]),
  ...edited("lets the smoke job ask", smoke, [
    ["a smoke of the active colour", `${SMOKE}.1`, "--url=http://order:8080", "must be told --url"],
    ["a smoke at the internal port", `${SMOKE}.1`, "--url=http://{{args.service}}:8081", "must be told --url"],
    ["an argument mistyped", `${SMOKE}.1`, "--url=http://{{args.servce}}:8080", "must be told --url"],
    ["a flag that smoke has not", `${SMOKE}.3`, "--whithin=60", "knows no whithin"],
    ["more time than the job has", `${SMOKE}.3`, "--within=600", "is ended after 120 s"],
    ["a smoke that is begun again", `${JOB}.backoffLimit`, 6, "backoffLimit must be 0"],
  ]),
  ...edited("lets the smoke job ask", order, [
    ["a smoke of another module", `${BLUE_GREEN}.prePromotionAnalysis.args.1.value`, "payment", "asks for payment"],
  ]),
  ...edited("goes back when more", success, [
    ["a condition that always holds", "spec.metrics.0.successCondition", "true", "something else than len"],
    ["no condition", "spec.metrics.0.successCondition", undefined, "something else than len"],
    ["a judgement after an hour", "spec.metrics.0.initialDelay", "1h", "the old colour waits"],
    [
      "a sum that is none",
      "spec.metrics.0.provider.cloudWatch.metricDataQueries.0.expression",
      "errors /",
      "counts something else",
    ],
  ]),
  ...edited("goes on with a rollout", order, [
    ["a rollout that is paused", "spec.paused", true, "paused"],
    ["a preview that is waited for", "spec.minReadySeconds", 3600, "minReadySeconds"],
    ["no time for a node", "spec.progressDeadlineSeconds", 30, "progressDeadlineSeconds"],
    ["nothing to go back to", "spec.revisionHistoryLimit", 0, "revisionHistoryLimit"],
    ["an aborted colour that stays", `${BLUE_GREEN}.abortScaleDownDelaySeconds`, 0, "never goes"],
    ["an old colour that goes", `${BLUE_GREEN}.scaleDownDelayRevisionLimit`, 0, "before its time"],
    ["labels that change", `${BLUE_GREEN}.previewMetadata`, { labels: { a: "b" } }, "previewMetadata"],
    [
      "a new node for each new pod",
      `${BLUE_GREEN}.antiAffinity`,
      { requiredDuringSchedulingIgnoredDuringExecution: {} },
      "antiAffinity is required",
    ],
  ]),
  ...edited("leads each port", object("Service", "order"), [
    ["the internal port by the public one", "spec.ports.0.targetPort", "internal", "port http leads to internal"],
    ["another port", "spec.ports.0.port", 80, "port http is 80"],
    ["datagrams", "spec.ports.0.protocol", "UDP", "port http is not TCP"],
    ["clients that stay", "spec.sessionAffinity", "ClientIP", "sessionAffinity"],
    ["nodes without a pod", "spec.externalTrafficPolicy", "Local", "externalTrafficPolicy"],
    ["requests for pods that are not ready", "spec.publishNotReadyAddresses", true, "not ready"],
  ]),
  ...edited("leads each port", object("Service", "order-preview"), [
    ["a preview for the internet", "spec.type", "LoadBalancer", "its type is LoadBalancer"],
  ]),
  ...edited("leads each port", object("Service", "order-pods"), [
    ["one pod for all", "spec.clusterIP", undefined, "is headless"],
    ["no operator at what is not well", "spec.publishNotReadyAddresses", undefined, "not ready"],
  ]),
  {
    what: "a port of the nodes for two",
    plant(drafts) {
      for (const name of ["order", "payment"])
        set(find(drafts.objects, "Service", name), "spec.ports.0.nodePort", 30080);
    },
    check: "leads each port",
    says: "nodePort 30080 is another's",
  },
  {
    what: "an Ingress by the side",
    plant: ({ objects }) =>
      void objects.push({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "x" }, spec: {} }),
    check: "leads each port",
    says: "Ingress x",
  },
  ...edited("gives each thing what AWS", ({ values }) => values, [
    ["a value with a line's end", "spec.region", "us-east-1\n", "region has a space"],
    ["a value in quotes", "spec.cluster", '"genai-demo"', "cluster has a space"],
    ["a value with a space", "spec.settings.KAFKA_BROKERS", "b-1.x:9098, b-2.x:9098", "KAFKA_BROKERS has a space"],
    ["a value that is empty", "spec.settings.SERVICE_ISSUER", "", "SERVICE_ISSUER has a space"],
  ]),
  ...edited("gives each thing what AWS", object("ServiceAccount", "order"), [
    ["another's role", ROLE, "arn:aws:iam::000000000000:role/genai-demo-production-payment", "not that of order"],
    ["a role of another account", ROLE, "arn:aws:iam::111111111111:role/genai-demo-production-order", "in account 0"],
  ]),
  ...edited("gives each thing what AWS", object("ServiceAccount", "smoke"), [
    ["a role for what needs none", "metadata.annotations", { "eks.amazonaws.com/role-arn": "x" }, "and has a role"],
  ]),
  ...edited("gives each thing what AWS", object("TargetGroupBinding", "order"), [
    [
      "another's target group",
      "spec.targetGroupARN",
      "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/production-payment/1",
      "is not that of order",
    ],
    ["security groups", "spec.networking", {}, "which are Terraform's"],
  ]),
  ...edited("has exactly the ways", object("NetworkPolicy", "to-databases"), [
    ["a way by datagrams", "spec.egress.0.ports.0.protocol", "UDP", "there must be a way out to databases 5432"],
    ["a way by all ports", "spec.egress.0.ports.0.endPort", 65535, "no way out to databases 5432-65535"],
  ]),
  ...edited("has exactly the ways", object("NetworkPolicy", "to-name-service"), [
    [
      "names by TCP alone",
      "spec.egress.0.ports.0",
      undefined,
      "there must be a way out to kube-system/kube-dns 53/UDP",
    ],
  ]),
  ...edited("scales each workload", scaler, [
    ["a target that is no use", "spec.metrics.0.resource.target.type", "AverageValue", "is not Utilization"],
    ["no way up", "spec.behavior.scaleUp.selectPolicy", "Disabled", "scaleUp is disabled"],
    ["all pods gone at once", "spec.behavior", undefined, "lets more than one pod go"],
  ]),
  ...edited("keeps a pod of each thing", object("PodDisruptionBudget", "order"), [
    ["a budget that keeps nobody", "spec.maxUnavailable", 10, "lets 10 pods go at once"],
    ["a node kept by what is broken", "spec.unhealthyPodEvictionPolicy", undefined, "AlwaysAllow"],
  ]),
  ...edited("keeps a pod of each thing", object("Deployment", "adot-collector"), [
    ["no collector", "spec.replicas", 0, "too few replicas"],
  ]),
  ...edited("runs the jobs that come before", migrate, [
    ["two migrations at once", "spec.parallelism", 2, "parallelism must be 1"],
    ["a migration that is done before it began", "spec.completions", 0, "completions must be 1"],
    ["a migration that waits", "spec.suspend", true, "waited for in vain"],
    ["a migration that is gone when it is waited for", "spec.ttlSecondsAfterFinished", 0, "goes by itself"],
    ["a migration that is cut off", "spec.activeDeadlineSeconds", 5, "is ended too early"],
    ["a migration that is tried once", "spec.backoffLimit", 0, "is not tried again"],
    ["a migration as somebody else", `${POD}.serviceAccountName`, "topics", "not as migrate"],
  ]),
  ...edited("runs the jobs that come before", before("ConfigMap", "migrate-settings"), [
    ["a migration of some modules", "data.MODULES", "order", "MODULES must not be set"],
  ]),
  ...edited("tells each pod of the Service", object("RoleBinding", "order"), [
    ["a role of the cluster of the same name", "roleRef.kind", "ClusterRole", "its rights are"],
    ["a user of the account's name", "subjects.0.kind", "User", "its rights are"],
  ]),
  ...edited("runs nothing that restricted", order, [
    ["more of /proc", `${APP}.securityContext.procMount`, "Unmasked", "sees more of /proc"],
    ["the node's labels of SELinux", `${APP}.securityContext.seLinuxOptions`, { type: "spc_t" }, "seLinuxOptions"],
    ["the node's sysctls", `${POD}.securityContext.sysctls`, [{ name: "a", value: "1" }], "sysctls"],
  ]),
  ...edited("asks three different things", order, [
    ["a probe of another host", `${APP}.readinessProbe.httpGet.host`, "127.0.0.1", "asks somebody else"],
    ["a probe by TLS", `${APP}.livenessProbe.httpGet.scheme`, "HTTPS", "asks somebody else"],
    ["a pod that is ready too late", `${APP}.readinessProbe.initialDelaySeconds`, 600, "counts too late"],
    ["a pod that is ready for long", `${APP}.readinessProbe.failureThreshold`, 30, "after it is not ready"],
    ["a pod that is killed for a pause", `${APP}.livenessProbe.failureThreshold`, 1, "is killed when"],
    ["a start that never fails", `${APP}.startupProbe.failureThreshold`, 10000, "has 10000 s to start"],
  ]),
  ...edited("says what each container gets", order, [
    ["more than a node has", `${APP}.resources.limits.memory`, "896Gi", "no node has"],
    ["a tenth of what it needs", `${APP}.resources.requests.cpu`, "10m", "is held back"],
  ]),
  ...edited("runs commands", order, [
    ["a flag for serve", `${APP}.args`, ["serve", "--port=1"], "runs serve --port=1"],
  ]),
  ...edited("spreads each workload", order, [
    [
      "a node for each pod",
      `${POD}.topologySpreadConstraints.1.whenUnsatisfiable`,
      "DoNotSchedule",
      "waits for a node for each pod",
    ],
    ["a node that is never emptied", "spec.template.metadata.annotations", undefined, "safe-to-evict"],
  ]),
  ...edited("spreads each workload", object("DaemonSet", "fluent-bit"), [
    ["nodes without logs", `${POD}.tolerations`, undefined, "what is logged there is lost"],
  ]),
];
