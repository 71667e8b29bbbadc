/** Faults in fields, names and references, and in what may run. */
import { add, type Draft, find, type Planted, remove, set } from "./plant.ts";

const POD = "spec.template.spec";
const APP = `${POD}.containers.0`;
const order = ({ objects }: { objects: Draft[] }) => find(objects, "Rollout", "order");

const REFUSED = "runs nothing that restricted";

export const objectFaults: readonly Planted[] = [
  {
    what: "a mistyped field of a Kubernetes kind",
    plant: ({ objects }) => set(find(objects, "Service", "order"), "spec.externalTraficPolicy", "Local"),
    check: "is what an API server",
    says: "externalTraficPolicy",
  },
  {
    what: "a mistyped field of a Rollout",
    plant: (draft) => set(order(draft), "spec.strategy.blueGreen.autoPromotionEnable", false),
    check: "is what an API server",
    says: "autoPromotionEnable",
  },
  {
    what: "a mistyped field of a pod in a Rollout",
    plant: (draft) => set(order(draft), `${APP}.imagePullpolicy`, "Always"),
    check: "is what an API server",
    says: "imagePullpolicy",
  },
  {
    what: "a probe of the wrong type in a Rollout",
    plant: (draft) => set(order(draft), `${APP}.livenessProbe.periodSeconds`, "10s"),
    check: "is what an API server",
    says: "periodSeconds must be integer",
  },
  {
    what: "a mistyped field of the smoke job",
    plant: ({ objects }) =>
      set(
        find(objects, "AnalysisTemplate", "smoke"),
        "spec.metrics.0.provider.job.spec.template.spec.restartpolicy",
        "Never",
      ),
    check: "is what an API server",
    says: "restartpolicy",
  },
  {
    what: "a mistyped field of a target group binding",
    plant: ({ objects }) => set(find(objects, "TargetGroupBinding", "order"), "spec.targetGroupArn", "x"),
    check: "is what an API server",
    says: "targetGroupArn",
  },
  {
    what: "a version of a kind that is gone",
    plant: ({ objects }) => set(find(objects, "HorizontalPodAutoscaler", "order"), "apiVersion", "autoscaling/v2beta2"),
    check: "is what an API server",
    says: "no such kind in autoscaling/v2beta2",
  },
  {
    what: "two objects of one name",
    plant: ({ objects }) => void objects.push(structuredClone(find(objects, "Service", "order"))),
    check: "has no two objects",
    says: "twice",
  },
  {
    what: "an object in a namespace that nobody makes",
    plant: ({ objects }) => set(find(objects, "Service", "payment"), "metadata.namespace", "default"),
    check: "has no two objects",
    says: "default, which is not made here",
  },
  {
    what: "an account that is not there",
    plant: (draft) => set(order(draft), `${POD}.serviceAccountName`, "orders"),
    check: "names no account",
    says: "there is no account orders",
  },
  {
    what: "a role bound to nobody",
    plant: ({ objects }) => set(find(objects, "RoleBinding", "order"), "subjects.0.name", "orders"),
    check: "names no account",
    says: "there is no account genai-demo/orders",
  },
  {
    what: "a ConfigMap that is not there",
    plant: (draft) => set(order(draft), `${APP}.envFrom.0.configMapRef.name`, "order-settings"),
    check: "names no ConfigMap",
    says: "there is no ConfigMap order-settings",
  },
  {
    what: "a key that its ConfigMap has not",
    plant: (draft) => set(order(draft), `${POD}.volumes.2.projected.sources.1.configMap.items.0.key`, "ca.pem"),
    check: "names no ConfigMap",
    says: "has no ca.pem",
  },
  {
    what: "a ConfigMap that nobody reads",
    plant: ({ objects }) =>
      void objects.push({
        ...structuredClone(find(objects, "ConfigMap", "order")),
        metadata: { name: "left-over", namespace: "genai-demo" },
      }),
    check: "names no ConfigMap",
    says: "nobody reads ConfigMap genai-demo/left-over",
  },
  {
    what: "a port that its pods have not",
    plant: ({ objects }) => set(find(objects, "Service", "order"), "spec.ports.0.targetPort", "web"),
    check: "names only ports",
    says: "Rollout order has no port web",
  },
  {
    what: "a probe of a port that is not there",
    plant: (draft) => set(order(draft), `${APP}.livenessProbe.httpGet.port`, 9090),
    check: "names only ports",
    says: "asks port 9090",
  },
  {
    what: "a process that listens elsewhere than its container says",
    plant: ({ objects }) => set(find(objects, "ConfigMap", "order"), "data.INTERNAL_PORT", "9000"),
    check: "names only ports",
    says: "INTERNAL_PORT is 9000",
  },
  {
    what: "a Service of another workload's pods",
    plant: ({ objects }) => set(find(objects, "Service", "order"), "spec.selector[app.kubernetes.io/name]", "payment"),
    check: "selects with each selector",
    says: "selects pods of Rollout payment",
  },
  {
    what: "a Service of all workloads",
    plant: ({ objects }) =>
      set(find(objects, "Service", "order"), "spec.selector", { "app.kubernetes.io/component": "workload" }),
    check: "selects with each selector",
    says: "Rollout payment",
  },
  {
    what: "a budget of no pods",
    plant: ({ objects }) =>
      set(find(objects, "PodDisruptionBudget", "order"), "spec.selector.matchLabels[app.kubernetes.io/name]", "orders"),
    check: "selects with each selector",
    says: "selects no pod",
  },
  {
    what: "a module that runs twice",
    plant: ({ objects }) => set(find(objects, "ConfigMap", "payment"), "data.MODULES", "payment,order"),
    check: "runs each module in one workload",
    says: "knows no workload payment: payment,order",
  },
  {
    what: "a workload that is gone",
    plant: ({ objects }) => void objects.splice(objects.indexOf(find(objects, "Rollout", "delivery")), 1),
    check: "runs each module in one workload",
    says: "there is no workload delivery",
  },
  {
    what: "a value that has not come to where it belongs",
    plant: ({ objects }) =>
      set(find(objects, "NetworkPolicy", "to-databases"), "spec.egress.0.to.0.ipBlock.cidr", "192.0.2.1/32"),
    check: "leaves nothing of the base unnamed",
    says: "is still 192.0.2.1/32",
  },
  {
    what: "a role that two accounts share",
    plant: ({ objects }) =>
      set(
        find(objects, "ServiceAccount", "payment"),
        "metadata.annotations[eks.amazonaws.com/role-arn]",
        "arn:aws:iam::000000000000:role/genai-demo-production-order",
      ),
    check: "gives each account",
    says: "as another's is",
  },
  {
    what: "a namespace that enforces nothing",
    plant: ({ objects }) =>
      remove(find(objects, "Namespace", "genai-demo"), "metadata.labels[pod-security.kubernetes.io/enforce]"),
    check: "enforces restricted Pod Security",
    says: "enforces nothing",
  },
  {
    what: "a pod that may be root",
    plant: (draft) => remove(order(draft), `${POD}.securityContext.runAsNonRoot`),
    check: REFUSED,
    says: "runAsNonRoot",
  },
  {
    what: "no seccomp profile",
    plant: (draft) => remove(order(draft), `${POD}.securityContext.seccompProfile`),
    check: REFUSED,
    says: "seccomp",
  },
  {
    what: "escalation",
    plant: (draft) => remove(order(draft), `${APP}.securityContext.allowPrivilegeEscalation`),
    check: REFUSED,
    says: "allowPrivilegeEscalation",
  },
  {
    what: "capabilities that stay",
    plant: ({ before }) => remove(find(before, "Job", "migrate-000000000000"), `${APP}.securityContext.capabilities`),
    check: REFUSED,
    says: "capabilities",
  },
  {
    what: "the node's network",
    plant: ({ objects }) => set(find(objects, "Deployment", "adot-collector"), `${POD}.hostNetwork`, true),
    check: REFUSED,
    says: "hostNetwork",
  },
  {
    what: "a directory of the node",
    plant: (draft) => add(order(draft), `${POD}.volumes`, { name: "node", hostPath: { path: "/etc" } }),
    check: REFUSED,
    says: "volume node",
  },
  {
    what: "more of the node for what ships logs",
    plant: ({ objects }) => set(find(objects, "DaemonSet", "fluent-bit"), `${POD}.volumes.1.hostPath.path`, "/"),
    check: REFUSED,
    says: "mounts",
  },
  {
    what: "the node's logs, to be written to",
    plant: ({ objects }) => remove(find(objects, "DaemonSet", "fluent-bit"), `${APP}.volumeMounts.1.readOnly`),
    check: REFUSED,
    says: "may write to /var/log",
  },
  {
    what: "a writable root",
    plant: (draft) => set(order(draft), `${APP}.securityContext.readOnlyRootFilesystem`, false),
    check: "lets nothing write",
    says: "can be written to",
  },
  {
    what: "a volume without a limit",
    plant: (draft) => remove(order(draft), `${POD}.volumes.0.emptyDir.sizeLimit`),
    check: "lets nothing write",
    says: "no sizeLimit",
  },
  {
    what: "a mounted token",
    plant: ({ before }) => remove(find(before, "Job", "topics-000000000000"), `${POD}.automountServiceAccountToken`),
    check: "shows each pod the tokens",
    says: "must be false",
  },
  {
    what: "a service token of another audience",
    plant: (draft) =>
      set(order(draft), `${POD}.volumes.1.projected.sources.0.serviceAccountToken.audience`, "sts.amazonaws.com"),
    check: "shows each pod the tokens",
    says: "for genai-demo",
  },
  {
    what: "a service token elsewhere",
    plant: ({ objects }) => set(find(objects, "ConfigMap", "order"), "data.SERVICE_TOKEN_FILE", "/tmp/token"),
    check: "shows each pod the tokens",
    says: "/tmp/token",
  },
  {
    what: ":latest",
    plant: (draft) => set(order(draft), `${APP}.image`, "genai-demo:latest"),
    check: "names every image",
    says: "genai-demo:latest",
  },
  {
    what: "a smoke job of another release",
    plant: ({ objects }) =>
      set(
        find(objects, "AnalysisTemplate", "smoke"),
        "spec.metrics.0.provider.job.spec.template.spec.containers.0.image",
        `genai-demo@sha256:${"1".repeat(64)}`,
      ),
    check: "names every image",
    says: "not the one of values.yaml",
  },
  {
    what: "a moving tag of another's image",
    plant: ({ objects }) =>
      set(
        find(objects, "Deployment", "adot-collector"),
        `${APP}.image`,
        "public.ecr.aws/aws-observability/aws-otel-collector:latest",
      ),
    check: "names every image",
    says: "nothing that stays",
  },
  {
    what: "a command that is not there",
    plant: ({ objects }) =>
      set(
        find(objects, "AnalysisTemplate", "smoke"),
        "spec.metrics.0.provider.job.spec.template.spec.containers.0.args.0",
        "smoketest",
      ),
    check: "runs commands",
    says: "runs smoketest",
  },
  {
    what: "a missing limit",
    plant: (draft) => remove(order(draft), `${APP}.resources.limits.memory`),
    check: "says what each container gets",
    says: "must all be there",
  },
  {
    what: "a request over its limit",
    plant: (draft) => set(order(draft), `${APP}.resources.requests.cpu`, "4"),
    check: "says what each container gets",
    says: "more than it may use",
  },
  {
    what: "less memory than was measured",
    plant: (draft) => set(order(draft), `${APP}.resources.requests.memory`, "512Mi"),
    check: "says what each container gets",
    says: "at saturation",
  },
  {
    what: "a readiness probe that asks whether it lives",
    plant: (draft) => set(order(draft), `${APP}.readinessProbe.httpGet.path`, "/health/live"),
    check: "asks three different things",
    says: "not /health/ready",
  },
  {
    what: "a liveness probe that asks for the database",
    plant: (draft) => set(order(draft), `${APP}.livenessProbe.httpGet.path`, "/health/ready"),
    check: "asks three different things",
    says: "not /health/live",
  },
  {
    what: "no startup probe",
    plant: (draft) => remove(order(draft), `${APP}.startupProbe`),
    check: "asks three different things",
    says: "no startupProbe",
  },
  {
    what: "all pods in one zone",
    plant: (draft) => remove(order(draft), `${POD}.topologySpreadConstraints.0`),
    check: "spreads each workload",
    says: "one zone",
  },
  {
    what: "colours that are spread together",
    plant: (draft) => remove(order(draft), `${POD}.topologySpreadConstraints.1.matchLabelKeys`),
    check: "spreads each workload",
    says: "each colour by itself",
  },
  {
    what: "no way onto Spot",
    plant: (draft) => set(order(draft), `${POD}.tolerations`, []),
    check: "spreads each workload",
    says: "Spot",
  },
];
