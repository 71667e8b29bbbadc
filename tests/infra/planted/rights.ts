/** Faults of who may do what, of parameters, of what is watched, and of the pipeline. */
import type { PlantedFault } from "./fault.ts";

const WORKLOADS = "modules/identity/workloads.tf";
const PIPELINE = "modules/pipeline/main.tf";

export const rightFaults: readonly PlantedFault[] = [
  {
    what: "a role for any token of the cluster's (aud)",
    file: "modules/service-role/main.tf",
    changes: [['          "${local.issuer}:aud" = "sts.amazonaws.com"\n', ""]],
    found: { assertions: ["Identity: a role trusts tokens that were made for AWS (aud)"], rule: "a role trusts" },
  },
  {
    what: "a role for every ServiceAccount of the namespace (sub)",
    file: "modules/service-role/main.tf",
    changes: [["${var.namespace}:${var.service_account}", "${var.namespace}:*"]],
    found: { assertions: ["Identity: a role trusts one ServiceAccount (sub)"] },
  },
  {
    what: "a pod that reads a path that begins like its own",
    file: WORKLOADS,
    changes: [['"${local.parameter_prefix}/${part}/*"', '"${local.parameter_prefix}/${part}*"']],
    found: { right: "may and must not ssm:GetParametersByPath" },
  },
  {
    what: "a pod that decrypts every module's parameters",
    file: WORKLOADS,
    changes: [['[for path in paths : path if endswith(path, "/*")]', '["${local.parameter_prefix}/*"]']],
    found: { right: "may and must not kms:Decrypt" },
  },
  {
    what: "a pod that writes to every topic",
    file: WORKLOADS,
    changes: [
      [
        'for topic in var.modules[module].sends : "${local.kafka_topics}/${topic}"',
        'for topic in var.modules[module].sends : "${local.kafka_topics}/*"',
      ],
    ],
    found: { right: "may and must not kafka-cluster:WriteData" },
  },
  {
    what: "a pod that reads no topic",
    file: WORKLOADS,
    changes: [['"kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"', '"kafka-cluster:DescribeTopic"']],
    found: { right: "must and may not kafka-cluster:ReadData" },
  },
  {
    what: "a pod that takes another module's group",
    file: WORKLOADS,
    changes: [['"${local.kafka_groups}/genai-demo.${module}"', '"${local.kafka_groups}/genai-demo.*"']],
    found: { right: "may and must not kafka-cluster:AlterGroup" },
  },
  {
    what: "every cache of the account (*)",
    file: WORKLOADS,
    changes: [["Resource = var.cache_login_arns", 'Resource = "*"']],
    found: { rule: "no statement is about everything" },
  },
  {
    what: "secrets' master for the job that makes topics",
    file: "modules/identity/jobs.tf",
    changes: [
      [
        'Action   = ["kafka-cluster:Connect"]\n            Resource = [var.kafka.arn]',
        'Action   = ["kafka-cluster:Connect", "secretsmanager:GetSecretValue"]\n            Resource = concat([var.kafka.arn], var.master_secret_arns)',
      ],
    ],
    found: {
      assertions: ["Migrations: the migrating job alone reads the masters' passwords"],
      right: "may and must not secretsmanager:GetSecretValue",
    },
  },
  {
    what: "a controller that changes load balancers",
    file: "modules/identity/controllers.tf",
    changes: [
      [
        '            "elasticloadbalancing:DescribeTargetGroups",\n',
        '            "elasticloadbalancing:ModifyListener",\n',
      ],
    ],
    found: {
      assertions: ["ALB: the controller puts nodes into these target groups, and makes and changes nothing else"],
      rule: "no statement is about everything",
    },
  },
  {
    what: "a controller without a role",
    file: "modules/platform/outputs.tf",
    changes: [['"cluster-autoscaler", "argo-rollouts"]', '"cluster-autoscaler"]']],
    found: { rule: "controllers of k8s/bootstrap" },
  },
  {
    what: "an autoscaler of every cluster",
    file: "modules/identity/controllers.tf",
    changes: [
      [
        '          Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.cluster_name}" = "owned" } }\n',
        "",
      ],
    ],
    found: { assertions: ["Autoscaling: the node autoscaler changes this cluster's groups alone"] },
  },
  {
    what: "parameters in clear",
    file: "modules/config/main.tf",
    changes: [
      [
        'type        = "SecureString"\n  key_id      = var.key_arn\n  value_wo    = each.value',
        'type        = "String"\n  key_id      = var.key_arn\n  value_wo    = each.value',
      ],
    ],
    found: { assertions: ["Parameter Store: every parameter is a SecureString"], checkov: "CKV2_AWS_34" },
  },
  {
    what: "parameters' values in the state",
    file: "modules/config/main.tf",
    changes: [
      ["  value_wo    = each.value\n", "  value       = each.value\n"],
      ["  value_wo_version = parseint(substr(sha256(each.value), 0, 7), 16)\n", ""],
    ],
    found: { assertions: ["Parameter Store: values are written and in no state"] },
  },
  {
    what: "parameters where no module looks",
    file: "modules/config/main.tf",
    changes: [['"${module}/DATABASE_URL"', '"databases/${module}"']],
    found: {
      assertions: [
        "Parameter Store: each parameter is at its module's path, or at the shared one",
        "Parameter Store: what is given is not asked for",
        "Parameter Store: what is declared and not given is named",
      ],
    },
  },
  {
    what: "keys that are never turned over",
    file: "modules/key/main.tf",
    changes: [["enable_key_rotation     = true", "enable_key_rotation     = false"]],
    found: {
      assertions: ["Parameter Store: keys are turned over each year, and a deleted one can be had back for a month"],
      checkov: "CKV_AWS_7",
    },
  },
  {
    what: "logs without a key",
    file: "modules/observability/main.tf",
    changes: [["  kms_key_id        = var.logs_key_arn\n", ""]],
    found: {
      assertions: ["Logs: the application's are under a customer key"],
      rule: "log groups are kept",
      checkov: "CKV_AWS_158",
    },
  },
  {
    what: "traces under AWS's own key",
    file: "modules/observability/main.tf",
    changes: [['  type   = "KMS"\n  key_id = var.logs_key_arn\n', '  type   = "NONE"\n']],
    found: { assertions: ["Traces: they are encrypted under a customer key"] },
  },
  {
    what: "an alarm on a metric that nobody makes",
    file: "modules/observability/alarms.tf",
    changes: [['metric = "calls.waiting"', 'metric = "calls.pending"']],
    found: { rule: "alarms and the dashboard watch metrics" },
  },
  {
    what: "an alarm by a label that the collector drops",
    file: "modules/observability/alarms.tf",
    changes: [
      ["dimensions          = { module = each.value.module }", "dimensions          = { service = each.value.module }"],
    ],
    found: { rule: "alarms and the dashboard watch metrics" },
  },
  {
    what: "an average in the place of the 95th percentile",
    file: "modules/observability/alarms.tf",
    changes: [
      [
        'metric_name         = "orders.processing.time"\n  extended_statistic  = "p95"',
        'metric_name         = "orders.processing.time"\n  extended_statistic  = "p50"',
      ],
    ],
    found: { assertions: ["Metrics: durations are judged by their 95th percentile"] },
  },
  {
    what: "tags that are given again",
    file: "modules/pipeline/registry.tf",
    changes: [['image_tag_mutability = "IMMUTABLE"', 'image_tag_mutability = "MUTABLE"']],
    found: { assertions: ["ECR: a tag is given once"], checkov: "CKV_AWS_51" },
  },
  {
    what: "images that nobody scans",
    file: "modules/pipeline/registry.tf",
    changes: [["scan_on_push = true", "scan_on_push = false"]],
    found: { assertions: ["ECR: what is pushed is scanned"], checkov: "CKV_AWS_163" },
  },
  {
    what: "a privileged deployment",
    file: PIPELINE,
    changes: [["deploy = { privileged = false", "deploy = { privileged = true"]],
    found: { assertions: ["CI/CD: only the step that builds images is privileged"] },
  },
  {
    what: "a build's role for every account's CodeBuild",
    file: PIPELINE,
    changes: [['      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }\n', ""]],
    found: { rule: "a role trusts" },
  },
  {
    what: "every action at the registry",
    file: PIPELINE,
    changes: [['          "ecr:UploadLayerPart",\n', '          "ecr:*",\n']],
    found: { rule: "no statement is about everything" },
  },
  {
    what: "builds that reach every port of the world",
    file: PIPELINE,
    changes: [["from_port         = 443", "from_port         = 0"]],
    found: { rule: "builds alone reach the world" },
  },
  {
    what: "production without anybody's yes",
    file: "modules/pipeline/pipeline.tf",
    changes: [['var.asks_before_deploy ? ["Approve"] : []', "[]"]],
    found: { assertions: ["CI/CD: somebody says yes before production is deployed"] },
  },
  {
    what: "artifacts that answer in clear",
    file: "modules/pipeline/pipeline.tf",
    changes: [['Bool = { "aws:SecureTransport" = "false" }', 'Bool = { "aws:SecureTransport" = "true" }']],
    found: { rule: "a bucket is nobody else's" },
  },
];
