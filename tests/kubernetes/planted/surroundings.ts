/** Faults in who may speak with whom, in settings and values, and in what the cluster must bring. */
import { add, type Draft, find, type Planted, remove, set } from "./plant.ts";

const order = ({ objects }: { objects: Draft[] }) => find(objects, "Rollout", "order");
const settings = ({ objects }: { objects: Draft[] }) => find(objects, "ConfigMap", "order");

const WAYS = "has exactly the ways";
const SETTINGS = "gives each process settings";

const peer = (name: string) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } });

export const surroundingFaults: readonly Planted[] = [
  {
    what: "nothing denied",
    plant: ({ objects }) => void objects.splice(objects.indexOf(find(objects, "NetworkPolicy", "deny-all")), 1),
    check: "denies everything",
    says: "no policy denies",
  },
  {
    what: "nothing denied on the way out",
    plant: ({ objects }) => set(find(objects, "NetworkPolicy", "deny-all"), "spec.policyTypes", ["Ingress"]),
    check: "denies everything",
    says: "no policy denies",
  },
  {
    what: "a rule without peers",
    plant: ({ objects }) => set(find(objects, "NetworkPolicy", "to-databases"), "spec.egress.0.to", []),
    check: "admits nobody by a rule",
    says: "admits all",
  },
  {
    what: "a peer that is everybody",
    plant: ({ objects }) =>
      add(find(objects, "NetworkPolicy", "order-edges"), "spec.ingress.0.from", { podSelector: {} }),
    check: "admits nobody by a rule",
    says: "is everybody",
  },
  {
    what: "a declared edge that is gone",
    plant: ({ objects }) => remove(find(objects, "NetworkPolicy", "pricing-edges"), "spec.ingress.0.from.0"),
    check: WAYS,
    says: "Rollout pricing: there must be a way in from",
  },
  {
    what: "an edge that nobody declared",
    plant: ({ objects }) =>
      add(find(objects, "NetworkPolicy", "payment-edges"), "spec.ingress.0.from", peer("delivery")),
    check: WAYS,
    says: "Rollout payment: there must be no way in from delivery 8081",
  },
  {
    what: "an edge on another port",
    plant: ({ objects }) =>
      add(find(objects, "NetworkPolicy", "order-edges"), "spec.egress.0.ports", { port: 5432, protocol: "TCP" }),
    check: WAYS,
    says: "there must be no way out to payment 5432",
  },
  {
    what: "a peer that is no pod",
    plant: ({ objects }) =>
      set(
        find(objects, "NetworkPolicy", "pricing-edges"),
        "spec.egress.0.to.0.podSelector.matchLabels[app.kubernetes.io/name]",
        "orders",
      ),
    check: WAYS,
    says: "nobody",
  },
  {
    what: "the internet",
    plant: ({ objects }) =>
      add(find(objects, "NetworkPolicy", "to-issuers"), "spec.egress.0.to", { ipBlock: { cidr: "0.0.0.0/0" } }),
    check: WAYS,
    says: "out to 0.0.0.0/0 443",
  },
  {
    what: "brokers for a workload without Kafka",
    overlay: "monolith",
    plant: ({ objects }) =>
      add(find(objects, "NetworkPolicy", "to-cache"), "spec.egress.0.ports", { port: 9098, protocol: "TCP" }),
    check: WAYS,
    says: "out to cache 9098",
  },
  {
    what: "a migration that cannot reach the database",
    plant: ({ before }) =>
      set(find(before, "NetworkPolicy", "to-databases"), "spec.podSelector.matchExpressions.0.values", ["workload"]),
    check: WAYS,
    says: "there must be a way out to databases 5432",
  },
  {
    what: "a setting that is missing",
    plant: (draft) => remove(settings(draft), "data.OIDC_ISSUER"),
    check: SETTINGS,
    says: "OIDC_ISSUER",
  },
  {
    what: "no path of parameters, so that no database is known",
    plant: (draft) => remove(settings(draft), "data.PARAMETER_PATH"),
    check: SETTINGS,
    says: "PARAMETER_PATH is not set",
  },
  {
    what: "no region to ask for parameters in",
    plant: (draft) => remove(settings(draft), "data.AWS_REGION"),
    check: SETTINGS,
    says: "AWS_REGION",
  },
  {
    what: "a migration that knows no parameters",
    plant: ({ before }) => remove(find(before, "ConfigMap", "migrate-settings"), "data.PARAMETER_PATH"),
    check: SETTINGS,
    says: "migrate-000000000000: reads no parameters",
  },
  {
    what: "a setting that is malformed",
    plant: (draft) => set(settings(draft), "data.READINESS_DRAIN_MS", "soon"),
    check: SETTINGS,
    says: "READINESS_DRAIN_MS",
  },
  {
    what: "a setting that nobody knows",
    plant: (draft) => set(settings(draft), "data.KAFKA_BROKER", "x:1"),
    check: SETTINGS,
    says: "nobody reads KAFKA_BROKER",
  },
  {
    what: "settings that contradict each other",
    plant: (draft) => set(settings(draft), "data.TRANSPORT", "inprocess"),
    check: SETTINGS,
    says: "TRANSPORT",
  },
  {
    what: "the development issuer in a cluster",
    plant: (draft) => set(settings(draft), "data.DEVELOPMENT_ISSUER", "true"),
    check: SETTINGS,
    says: "DEVELOPMENT_ISSUER",
  },
  {
    what: "a topics job without brokers",
    plant: ({ before }) => remove(find(before, "ConfigMap", "topics-settings"), "data.KAFKA_BROKERS"),
    check: SETTINGS,
    says: "KAFKA_BROKERS",
  },
  {
    what: "a module that is looked for elsewhere",
    overlay: "pairs",
    plant: ({ objects }) =>
      set(find(objects, "ConfigMap", "order-payment"), "data.PRICING_RPC_URL", "http://pricing:8081"),
    check: "leads each process",
    says: "finds pricing at http://pricing:8081",
  },
  {
    what: "an account that speaks for too many",
    overlay: "pairs",
    plant: ({ objects }) =>
      set(
        find(objects, "ConfigMap", "order-payment"),
        "data.SERVICE_ACCOUNTS",
        "order-payment=order+payment+edge+pricing",
      ),
    check: "leads each process",
    says: "believes",
  },
  {
    what: "replicas that nothing leads to",
    plant: ({ objects }) => void objects.splice(objects.indexOf(find(objects, "Service", "pricing-pods")), 1),
    check: "leads each process",
    says: "no replicas of pricing",
  },
  {
    what: "a secret in the manifests",
    plant: (draft) => set(settings(draft), "data.ORDER_DATABASE_URL", "postgres://app:secret@db:5432/x"),
    check: "holds no secret",
    says: "ORDER_DATABASE_URL",
  },
  {
    what: "a Secret",
    plant: ({ objects }) =>
      void objects.push({ apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace: "genai-demo" } }),
    check: "holds no secret",
    says: "Secret keys",
  },
  {
    what: "a job of another release",
    plant: ({ before }) => set(find(before, "Job", "migrate-000000000000"), "metadata.name", "migrate-111111111111"),
    check: "runs the jobs that come before",
    says: "migrate-111111111111",
  },
  {
    what: "a release that is not the image's",
    plant: ({ values }) => set(values, "spec.release", "123456789abc"),
    check: "runs the jobs that come before",
    says: "release is 123456789abc",
  },
  {
    what: "a migration beside what needs it",
    plant: ({ objects, before }) => void objects.push(structuredClone(find(before, "Job", "migrate-000000000000"))),
    check: "runs the jobs that come before",
    says: "at the same time",
  },
  {
    what: "topics without Kafka",
    overlay: "dev",
    plant: ({ before }) =>
      void before.push({
        ...structuredClone(find(before, "Job", "migrate-000000000000")),
        metadata: { name: "topics-000000000000", namespace: "genai-demo" },
      }),
    check: "runs the jobs that come before",
    says: "topics-000000000000",
  },
  {
    what: "a kind that nothing knows",
    plant: ({ objects }) =>
      void objects.push({
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata: { name: "spot", namespace: "genai-demo" },
      }),
    check: "uses no kind",
    says: "karpenter.sh",
  },
  {
    what: "a metric that nothing makes",
    plant: ({ objects }) =>
      set(find(objects, "HorizontalPodAutoscaler", "order"), "spec.metrics.0", {
        type: "Pods",
        pods: { metric: { name: "orders" }, target: { type: "AverageValue", averageValue: "5" } },
      }),
    check: "uses no kind",
    says: "the metric Pods",
  },
  {
    what: "an analysis by what is not installed",
    plant: ({ objects }) =>
      set(find(objects, "AnalysisTemplate", "order-success-rate"), "spec.metrics.0.provider", {
        prometheus: { address: "http://prometheus", query: "1" },
      }),
    check: "uses no kind",
    says: "analyses by prometheus",
  },
  {
    what: "an annotation for nobody",
    plant: (draft) =>
      set(order(draft), "spec.template.metadata.annotations", { "karpenter.sh/do-not-disrupt": "true" }),
    check: "uses no kind",
    says: "the annotation karpenter.sh",
  },
];
