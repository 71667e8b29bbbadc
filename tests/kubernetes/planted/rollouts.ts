/** Faults in how a workload is rolled out, reached, ended, scaled and drained. */
import { add, type Draft, find, type Planted, remove, set } from "./plant.ts";

const order = ({ objects }: { objects: Draft[] }) => find(objects, "Rollout", "order");
const settings = ({ objects }: { objects: Draft[] }) => find(objects, "ConfigMap", "order");
const BLUE_GREEN = "spec.strategy.blueGreen";
const POD = "spec.template.spec";

const SWITCH = "switches a workload";

export const rolloutFaults: readonly Planted[] = [
  {
    what: "a switch by itself",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.autoPromotionEnabled`, true),
    check: SWITCH,
    says: "autoPromotionEnabled",
  },
  {
    what: "a switch that is not said",
    plant: (draft) => remove(order(draft), `${BLUE_GREEN}.autoPromotionEnabled`),
    check: SWITCH,
    says: "autoPromotionEnabled",
  },
  {
    what: "a preview Service that is not there",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.previewService`, "order-next"),
    check: SWITCH,
    says: "there is no Service order-next",
  },
  {
    what: "one Service for both colours",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.previewService`, "order"),
    check: SWITCH,
    says: "are one",
  },
  {
    what: "an old colour that goes while it consumes",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.scaleDownDelaySeconds`, 30),
    check: SWITCH,
    says: "scaleDownDelaySeconds is 30",
  },
  {
    what: "a preview of fewer pods",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.previewReplicaCount`, 1),
    check: SWITCH,
    says: "previewReplicaCount",
  },
  {
    what: "no analysis before",
    plant: (draft) => remove(order(draft), `${BLUE_GREEN}.prePromotionAnalysis`),
    check: SWITCH,
    says: "nothing is tried",
  },
  {
    what: "no analysis after",
    plant: (draft) => remove(order(draft), `${BLUE_GREEN}.postPromotionAnalysis`),
    check: SWITCH,
    says: "nothing is looked at",
  },
  {
    what: "a rollout that hangs",
    plant: (draft) => remove(order(draft), "spec.progressDeadlineAbort"),
    check: SWITCH,
    says: "progressDeadlineAbort",
  },
  {
    what: "a number of pods beside the autoscaler's",
    plant: (draft) => set(order(draft), "spec.replicas", 2),
    check: SWITCH,
    says: "replicas are the autoscaler's",
  },
  {
    what: "an analysis that is not there",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.postPromotionAnalysis.templates.0.templateName`, "success"),
    check: "gives each analysis",
    says: "there is no success",
  },
  {
    what: "an analysis without what it asks for",
    plant: (draft) => remove(order(draft), `${BLUE_GREEN}.prePromotionAnalysis.args.0`),
    check: "gives each analysis",
    says: "service is not given",
  },
  {
    what: "a smoke job that tries the active colour",
    plant: (draft) => set(order(draft), `${BLUE_GREEN}.prePromotionAnalysis.args.0.value`, "order"),
    check: "gives each analysis",
    says: "not the preview",
  },
  {
    what: "a metric that the collector does not make",
    plant: ({ objects }) =>
      set(
        find(objects, "AnalysisTemplate", "order-success-rate"),
        "spec.metrics.0.provider.cloudWatch.metricDataQueries.1.metricStat.metric.metricName",
        "http.requests",
      ),
    check: "judges a switch",
    says: "makes no http.requests",
  },
  {
    what: "a dimension that the metric has not",
    plant: ({ objects }) =>
      set(
        find(objects, "AnalysisTemplate", "order-success-rate"),
        "spec.metrics.0.provider.cloudWatch.metricDataQueries.2.metricStat.metric.dimensions.1.name",
        "code",
      ),
    check: "judges a switch",
    says: "with code, module",
  },
  {
    what: "a module that nothing tells of",
    overlay: "pairs",
    plant: ({ objects }) => remove(find(objects, "AnalysisTemplate", "order-payment-success-rate"), "spec.metrics.1"),
    check: "judges a switch",
    says: "nothing tells of payment",
  },
  {
    what: "another Service for the gate",
    plant: (draft) => set(settings(draft), "data.ACTIVE_SERVICE", "payment"),
    check: "tells each pod of the Service",
    says: "ACTIVE_SERVICE is payment",
  },
  {
    what: "no hash for the gate",
    plant: (draft) => remove(order(draft), `${POD}.containers.0.env.0`),
    check: "tells each pod of the Service",
    says: "POD_TEMPLATE_HASH",
  },
  {
    what: "rights to all Services",
    plant: ({ objects }) => remove(find(objects, "Role", "order"), "rules.0.resourceNames"),
    check: "tells each pod of the Service",
    says: "its rights are",
  },
  {
    what: "a right too many",
    plant: ({ objects }) => add(find(objects, "Role", "order"), "rules.0.verbs", "patch"),
    check: "tells each pod of the Service",
    says: "patch",
  },
  {
    what: "addresses of pods as targets",
    plant: ({ objects }) => set(find(objects, "TargetGroupBinding", "order"), "spec.targetType", "ip"),
    check: "joins each workload",
    says: "must be instance",
  },
  {
    what: "ClusterIP behind nodes",
    plant: ({ objects }) => set(find(objects, "Service", "order"), "spec.type", "ClusterIP"),
    check: "joins each workload",
    says: "need a NodePort",
  },
  {
    what: "the internal port at the load balancer",
    plant: ({ objects }) => set(find(objects, "TargetGroupBinding", "order"), "spec.serviceRef.port", "internal"),
    check: "joins each workload",
    says: "the public one is http",
  },
  {
    what: "a workload without a target group",
    plant: ({ objects }) => void objects.splice(objects.indexOf(find(objects, "TargetGroupBinding", "order")), 1),
    check: "joins each workload",
    says: "0 target groups",
  },
  {
    what: "no preStop",
    plant: (draft) => remove(order(draft), `${POD}.containers.0.lifecycle`),
    check: "gives a pod time",
    says: "preStop",
  },
  {
    what: "a grace period that is too short",
    plant: (draft) => set(order(draft), `${POD}.terminationGracePeriodSeconds`, 30),
    check: "gives a pod time",
    says: "is killed after 30 s",
  },
  {
    what: "a deadline that is too long",
    plant: (draft) => set(settings(draft), "data.SHUTDOWN_DEADLINE_MS", "60000"),
    check: "gives a pod time",
    says: "is killed after",
  },
  {
    what: "an autoscaler of a Deployment",
    plant: ({ objects }) =>
      set(find(objects, "HorizontalPodAutoscaler", "order"), "spec.scaleTargetRef", {
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "order",
      }),
    check: "scales each workload",
    says: "no Rollout here",
  },
  {
    what: "an autoscaler by CPU alone",
    plant: ({ objects }) => remove(find(objects, "HorizontalPodAutoscaler", "order"), "spec.metrics.1"),
    check: "scales each workload",
    says: "not by CPU 70 % and memory 80 %",
  },
  {
    what: "one pod in production",
    plant: ({ objects }) => set(find(objects, "HorizontalPodAutoscaler", "order"), "spec.minReplicas", 1),
    check: "scales each workload",
    says: "when a node fails",
  },
  {
    what: "a budget that lets nobody go",
    plant: ({ objects }) => set(find(objects, "PodDisruptionBudget", "order"), "spec.maxUnavailable", 0),
    check: "keeps a pod of each thing",
    says: "never drained",
  },
  {
    what: "a budget that blocks at its least",
    plant: ({ objects }) => {
      const budget = find(objects, "PodDisruptionBudget", "order");
      remove(budget, "spec.maxUnavailable");
      set(budget, "spec.minAvailable", 2);
    },
    check: "keeps a pod of each thing",
    says: "never drained",
  },
  {
    what: "no budget",
    plant: ({ objects }) => void objects.splice(objects.indexOf(find(objects, "PodDisruptionBudget", "payment")), 1),
    check: "keeps a pod of each thing",
    says: "0 budgets",
  },
  {
    what: "more connections than the database takes",
    overlay: "monolith",
    plant: ({ objects }) => set(find(objects, "HorizontalPodAutoscaler", "platform"), "spec.maxReplicas", 8),
    check: "opens no more connections",
    says: "the database of all modules: 656",
  },
  {
    what: "more connections than a module's database takes",
    plant: ({ objects }) => set(find(objects, "HorizontalPodAutoscaler", "payment"), "spec.maxReplicas", 13),
    check: "opens no more connections",
    says: "the database of payment: 260",
  },
  {
    what: "more pods than partitions",
    plant: ({ before }) => set(find(before, "ConfigMap", "topics-settings"), "data.KAFKA_PARTITIONS", "6"),
    check: "has no pod that finds no partition",
    says: "topics have 6 partitions",
  },
];
