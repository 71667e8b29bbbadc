/** What holds of every resource of an environment, whatever module it is in. Each gives what does not. */
import * as z from "zod";
import { parseConfiguration } from "../collector/core-configuration.ts";
import { declaredIn } from "../collector/declared-metrics.ts";
import { ofType, type Plan, type PlannedResource, textOf } from "./plan.ts";
import { type Statement, statementsOf } from "./policy.ts";
import type { Registry } from "./registry-file.ts";
import { rolesOf } from "./rights.ts";

/** What the plans are held against. */
export interface Surroundings {
  readonly registry: Registry;
  /** k8s/adot-collector/collector.yaml. */
  readonly collector: string;
  /** values.yaml of the overlay that an environment is named after. */
  readonly valuesOf: ReadonlyMap<string, string>;
  /** What k8s/bootstrap installs, by ServiceAccount. */
  readonly controllers: readonly string[];
}

export interface PlanRule {
  /** As the line of a check: "no rule admits the world". */
  readonly name: string;
  judge(plan: Plan, surroundings: Surroundings): readonly string[];
}

/** Actions that AWS lets nobody bind to a resource: they look, or hand over what has no name. */
const UNNAMEABLE: readonly RegExp[] = [
  /^(?:autoscaling|ec2|elasticloadbalancing):Describe[A-Za-z]+$/,
  /^ec2:GetInstanceTypesFromInstanceRequirements$/,
  /^cloudwatch:GetMetricData$/,
  /^ecr:GetAuthorizationToken$/,
  /^xray:Put(?:TelemetryRecords|TraceSegments)$/,
];

/** Services that hand a role over for the account that asks, and say for which. EC2 and EKS do not. */
const SAYS_ITS_ACCOUNT = (service: string) => !/^(?:ec2|eks)\.amazonaws\.com$/.test(service);

const LEAST_RETENTION_DAYS = 30;

export const PLAN_RULES: readonly PlanRule[] = [
  {
    name: "no rule admits the world: each names a security group",
    judge: (plan) =>
      ofType(plan, "aws_vpc_security_group_ingress_rule").flatMap(({ address, values }) =>
        ["cidr_ipv4", "cidr_ipv6", "prefix_list_id"].flatMap((name) =>
          values[name] === null || values[name] === undefined ? [] : [`${address}: ${name} is ${String(values[name])}`],
        ),
      ),
  },
  {
    name: "builds alone reach the world, by HTTPS",
    judge: (plan) =>
      ofType(plan, "aws_vpc_security_group_egress_rule").flatMap(({ address, values }) => {
        const isOpen = values["cidr_ipv4"] != null || values["cidr_ipv6"] != null;
        const isBuilds =
          address.includes("module.pipeline.") && values["from_port"] === 443 && values["to_port"] === 443;
        return isOpen && !isBuilds ? [`${address} leads to ${String(values["cidr_ipv4"] ?? values["cidr_ipv6"])}`] : [];
      }),
  },
  {
    name: "rules of security groups are resources of their own",
    judge: (plan) =>
      ofType(plan, "aws_security_group").flatMap(({ address, values }) =>
        ["ingress", "egress"].flatMap((name) =>
          Array.isArray(values[name]) && values[name].length > 0 ? [`${address} has ${name} of its own`] : [],
        ),
      ),
  },
  {
    name: "no statement is about everything, but where AWS has no name for what it is about",
    judge: (plan) =>
      [...rolesOf(plan)].flatMap(([role, statements]) => statements.flatMap((each) => wideIn(role, each))),
  },
  {
    name: "a role trusts one ServiceAccount (sub, aud), or one service for this account",
    judge: (plan) => ofType(plan, "aws_iam_role").flatMap(trustFaults),
  },
  {
    name: `log groups are kept for ${LEAST_RETENTION_DAYS} days at least, under a customer key`,
    judge: (plan) =>
      ofType(plan, "aws_cloudwatch_log_group").flatMap(({ address, values }) => [
        ...(Number(values["retention_in_days"] ?? 0) < LEAST_RETENTION_DAYS
          ? [`${address} has no such retention`]
          : []),
        ...(typeof values["kms_key_id"] === "string" ? [] : [`${address} has no key`]),
      ]),
  },
  {
    name: "no password is in a state",
    judge: (plan) =>
      plan.resources.flatMap(({ address, values }) =>
        ["password", "auth_token", "passwords", "secret_string", "insecure_value"].flatMap((name) =>
          values[name] === null || values[name] === undefined ? [] : [`${address} has ${name}`],
        ),
      ),
  },
  {
    name: "a bucket is nobody else's, encrypted, and reached by TLS alone",
    judge: bucketFaults,
  },
  {
    name: "the load balancer's rules are the modules' paths",
    judge: (plan, { registry }) => {
      const wanted = Object.values(registry.modules).flatMap(({ paths }) =>
        paths.flatMap((path) => [path, `${path}/*`]),
      );
      const found = ofType(plan, "aws_lb_listener_rule").flatMap(({ values }) =>
        patterns.parse(values["condition"]).flat(),
      );
      return [
        ...wanted.filter((path) => !found.includes(path)).map((path) => `nothing leads to ${path}`),
        ...found.filter((path) => !wanted.includes(path)).map((path) => `${path} is no path of a module`),
      ];
    },
  },
  {
    name: "databases take as many connections as the pods of the shape may open",
    judge: (plan, { registry }) => {
      const shape = ofType(plan, "aws_lb_target_group").length === 1 ? "platform" : "modules";
      const wanted = registry.shapes[shape]?.maxConnections;
      const found = ofType(plan, "aws_db_parameter_group").flatMap(({ values }) =>
        z.array(z.looseObject({ name: z.string(), value: z.string() })).parse(values["parameter"]),
      );
      const set = found.filter(({ name }) => name === "max_connections").map(({ value }) => Number(value));
      return set.length === 1 && set[0] === wanted
        ? []
        : [`max_connections is ${set.join() || "not set"}, not ${wanted}`];
    },
  },
  {
    name: "the overlay's values are all that its file has, and nothing else",
    judge: (plan, { valuesOf }) => {
      const [has, wanted] = [plan.outputs["overlay_values"], valuesOf.get(plan.environment)].map((text) =>
        typeof text === "string" ? keysOf(Bun.YAML.parse(text)) : [],
      );
      return [
        ...(wanted ?? []).filter((key) => !has?.includes(key)).map((key) => `the output lacks ${key}`),
        ...(has ?? []).filter((key) => !wanted?.includes(key)).map((key) => `the overlay knows no ${key}`),
        ...(wanted?.length === 0 ? ["there is no overlay of that name"] : []),
      ];
    },
  },
  {
    name: "controllers of k8s/bootstrap have roles",
    judge: ({ outputs, environment }, { controllers }) => {
      const roles = Object.keys(z.record(z.string(), z.string()).parse(outputs["controller_role_arns"]));
      const same = roles.length === controllers.length && controllers.every((each) => roles.includes(each));
      return same
        ? []
        : [`${environment} has roles for ${roles.join(", ")}, and ${controllers.join(", ")} are installed`];
    },
  },
  {
    name: "alarms and the dashboard watch metrics that the collector makes, by labels that it gives them",
    judge: metricFaults,
  },
];

/** Paths to every value, with the places in lists left out. */
function keysOf(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return [`${path}[${value.length}]`];
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, below]) => keysOf(below, path === "" ? key : `${path}.${key}`));
}

const patterns = z.array(
  z
    .looseObject({ path_pattern: z.array(z.looseObject({ values: z.array(z.string()) })) })
    .transform(({ path_pattern }) => path_pattern.flatMap(({ values }) => values)),
);

function wideIn(role: string, { Effect, Action, Resource = [], Condition }: Statement): readonly string[] {
  if (Effect !== "Allow") return [];
  const named = Action.filter((action) => action.includes("*")).map((action) => `${role}: ${action} is many actions`);
  if (!Resource.some((resource) => /^(?:\*|arn:[^/]*\*)$/.test(resource) && !resource.startsWith("arn:aws:logs:")))
    return named;
  const nameable = Action.filter((action) => !UNNAMEABLE.some((pattern) => pattern.test(action)));
  const isHere = "aws:RequestedRegion" in (Condition["StringEquals"] ?? {});
  return [
    ...named,
    ...nameable.map((action) => `${role}: ${action} on ${Resource.join(", ")}`),
    ...(isHere ? [] : [`${role}: ${Action.join(", ")} in every region`]),
  ];
}

function trustFaults(role: PlannedResource): readonly string[] {
  return statementsOf(textOf(role, "assume_role_policy")).flatMap(({ Principal, Condition }) => {
    if (Principal === undefined || Principal === "*") return [`${role.address} trusts everybody`];
    const conditions = Condition["StringEquals"] ?? {};
    const keys = Object.keys(conditions);
    if (Principal["Federated"] !== undefined)
      return [":sub", ":aud"]
        .filter((claim) => !keys.some((key) => key.endsWith(claim)))
        .map((claim) => `${role.address} trusts tokens whatever their ${claim.slice(1)}`);
    if (Principal["AWS"] !== undefined) return [`${role.address} trusts ${Principal["AWS"].join(", ")}`];
    return (Principal["Service"] ?? []).flatMap((service) =>
      SAYS_ITS_ACCOUNT(service) && !keys.includes("aws:SourceAccount")
        ? [`${role.address} trusts ${service} for whatever account`]
        : [],
    );
  });
}

function bucketFaults(plan: Plan): readonly string[] {
  const of = (type: string) => new Map(ofType(plan, type).map((each) => [textOf(each, "bucket"), each.values]));
  const blocks = of("aws_s3_bucket_public_access_block");
  const encryptions = of("aws_s3_bucket_server_side_encryption_configuration");
  const policies = of("aws_s3_bucket_policy");
  return ofType(plan, "aws_s3_bucket").flatMap((each) => {
    const name = textOf(each, "bucket");
    const block = blocks.get(name) ?? {};
    const isClosed = [
      "block_public_acls",
      "block_public_policy",
      "ignore_public_acls",
      "restrict_public_buckets",
    ].every((key) => block[key] === true);
    const policy = policies.get(name)?.["policy"];
    const isTlsOnly =
      typeof policy === "string" &&
      statementsOf(policy).some(
        ({ Effect, Condition }) => Effect === "Deny" && Condition["Bool"]?.["aws:SecureTransport"]?.[0] === "false",
      );
    return [
      ...(isClosed ? [] : [`${name} may become public`]),
      ...(encryptions.has(name) ? [] : [`${name} is not encrypted`]),
      ...(isTlsOnly ? [] : [`${name} answers in clear`]),
    ];
  });
}

const alarm = z.looseObject({
  namespace: z.string().nullish(),
  metric_name: z.string().nullish(),
  dimensions: z.record(z.string(), z.string()).nullish(),
  metric_query: z
    .array(
      z.looseObject({
        metric: z.array(
          z.looseObject({
            namespace: z.string().nullish(),
            metric_name: z.string(),
            dimensions: z.record(z.string(), z.string()).nullish(),
          }),
        ),
      }),
    )
    .nullish(),
});
const dashboard = z.looseObject({
  widgets: z.array(z.looseObject({ properties: z.looseObject({ metrics: z.array(z.array(z.unknown())) }) })),
});

interface Watched {
  readonly where: string;
  readonly metric: string;
  readonly labels: readonly string[];
}

function metricFaults(plan: Plan, { collector }: Surroundings): readonly string[] {
  const declared = declaredIn(parseConfiguration(collector));
  const known = (labels: readonly string[], metric: string) =>
    declared
      .dimensionsOf(metric)
      .some((set) => set.length === labels.length && labels.every((each) => set.includes(each)));
  const watched = [...watchedByAlarms(plan), ...watchedByDashboard(plan)];
  if (watched.length === 0) return ["nothing is watched"];
  return watched.flatMap(({ where, metric, labels }) => {
    if (!declared.isDeclared(metric)) return [`${where}: the collector makes no metric ${metric}`];
    return known(labels, metric) ? [] : [`${where}: ${metric} has not the labels ${labels.join(", ") || "none"}`];
  });
}

function watchedByAlarms(plan: Plan): readonly Watched[] {
  return ofType(plan, "aws_cloudwatch_metric_alarm").flatMap(({ address, values }) => {
    const { namespace, metric_name, dimensions, metric_query } = alarm.parse(values);
    const single = { namespace, metric_name, dimensions };
    return [single, ...(metric_query ?? []).flatMap(({ metric }) => metric)].flatMap((each) =>
      each.namespace === "genai-demo" && typeof each.metric_name === "string"
        ? [{ where: address, metric: each.metric_name, labels: Object.keys(each.dimensions ?? {}) }]
        : [],
    );
  });
}

function watchedByDashboard(plan: Plan): readonly Watched[] {
  return ofType(plan, "aws_cloudwatch_dashboard").flatMap((each) =>
    dashboard.parse(JSON.parse(textOf(each, "dashboard_body"))).widgets.flatMap(({ properties }) =>
      properties.metrics.flatMap((metric) => {
        const [namespace, name, ...rest] = metric.filter((part) => typeof part === "string");
        if (namespace !== "genai-demo" || name === undefined) return [];
        return [{ where: each.address, metric: name, labels: rest.filter((_, index) => index % 2 === 0) }];
      }),
    ),
  );
}
