/** Faults of the network, the edge and the cluster. */
import type { PlantedFault } from "./fault.ts";

const LOAD_BALANCER = "modules/edge/load-balancer.tf";
const CDN = "modules/edge/cdn.tf";
const CLUSTER = "modules/cluster/main.tf";
const NODES = "modules/cluster/nodes.tf";

export const networkFaults: readonly PlantedFault[] = [
  {
    what: "endpoints that the world may use",
    file: "modules/network/endpoints.tf",
    changes: [["referenced_security_group_id = each.value", 'cidr_ipv4                    = "0.0.0.0/0"']],
    found: {
      assertions: ["Security groups: interface endpoints admit nodes and builds by their groups, on 443"],
      rule: "no rule admits the world",
    },
  },
  {
    what: "endpoints for other accounts' keys",
    file: "modules/network/endpoints.tf",
    changes: [['      Condition = { StringEquals = { "aws:PrincipalAccount" = var.account_id } }\n', ""]],
    found: { assertions: ["Identity: interface endpoints serve this account's principals alone"] },
  },
  {
    what: "no endpoint of STS, without which no pod gets a role",
    file: "modules/network/variables.tf",
    changes: [['    "sts",\n', ""]],
    found: {
      assertions: [
        "Workloads: what a pod needs to start and to be seen is reached through interface endpoints, by its usual name",
      ],
    },
  },
  {
    what: "public addresses for what starts",
    file: "modules/network/main.tf",
    changes: [["map_public_ip_on_launch = false", "map_public_ip_on_launch = true"]],
    found: {
      assertions: ["Security groups: no subnet gives public addresses to what starts in it"],
      checkov: "CKV_AWS_130",
    },
  },
  {
    what: "databases with a way out",
    file: "modules/network/main.tf",
    changes: [['tiers_with_way_out = ["nodes", "build"]', 'tiers_with_way_out = ["nodes", "build", "databases"]']],
    found: {
      assertions: ["RDS PostgreSQL: databases, cache, brokers and the load balancer are in subnets without a way out"],
    },
  },
  {
    what: "flow logs of refused connections alone",
    file: "modules/network/flow-logs.tf",
    changes: [['traffic_type             = "ALL"', 'traffic_type             = "REJECT"']],
    found: { assertions: ["Logs: who spoke with whom, and who was refused, is written under the logs' key"] },
  },
  {
    what: "a public API server",
    file: CLUSTER,
    changes: [["endpoint_public_access  = false", "endpoint_public_access  = true"]],
    found: {
      assertions: ["EKS: the API server has a private endpoint and no public one"],
      checkov: "CKV_AWS_39",
    },
  },
  {
    what: "a cluster whose ConfigMap lets people in",
    file: CLUSTER,
    changes: [
      [
        'authentication_mode                         = "API"',
        'authentication_mode                         = "API_AND_CONFIG_MAP"',
      ],
    ],
    found: { assertions: ["EKS: access entries alone say who gets in; whoever made the cluster does not"] },
  },
  {
    what: "secrets of the cluster in clear",
    file: CLUSTER,
    changes: [
      [
        '  encryption_config {\n    resources = ["secrets"]\n    provider {\n      key_arn = var.key_arn\n    }\n  }\n',
        "",
      ],
    ],
    found: { assertions: ["EKS: secrets are encrypted under a customer key"], checkov: "CKV_AWS_58" },
  },
  {
    what: "an audit log that nobody writes",
    file: CLUSTER,
    changes: [['"api", "audit", "authenticator"', '"api", "authenticator"']],
    found: { assertions: ["Logs: the control plane writes all of its logs"], checkov: "CKV_AWS_37" },
  },
  {
    what: "NetworkPolicies that nobody heeds",
    file: "modules/cluster/addons.tf",
    changes: [['enableNetworkPolicy = "true"', 'enableNetworkPolicy = "false"']],
    found: { assertions: ["EKS: the network add-on heeds NetworkPolicies"] },
  },
  {
    what: "autoscalers without metrics",
    file: "modules/cluster/addons.tf",
    changes: [['"coredns", "kube-proxy", "metrics-server"', '"coredns", "kube-proxy"']],
    found: { assertions: ["EKS: network, names, proxy and metrics of pods are add-ons that AWS keeps"] },
  },
  {
    what: "Spot of one instance type",
    file: NODES,
    changes: [['["m6g.large", "m7g.large", "m8g.large", "c6g.xlarge", "c7g.xlarge", "r6g.large"]', '["m7g.large"]']],
    found: { assertions: ["EKS: Spot nodes are of several instance types"] },
  },
  {
    what: "no node that stays",
    file: NODES,
    changes: [['capacity_type  = "ON_DEMAND"', 'capacity_type  = "SPOT"']],
    found: { assertions: ["EKS: there are always nodes on demand, which take every pod"] },
  },
  {
    what: "a taint that no pod tolerates",
    file: NODES,
    changes: [['key    = "genai-demo/spot"', 'key    = "genai-demo/cheap"']],
    found: { assertions: ["EKS: only pods that bear it run on Spot"] },
  },
  {
    what: "credentials of a node for whoever asks",
    file: NODES,
    changes: [['http_tokens                 = "required"', 'http_tokens                 = "optional"']],
    found: { assertions: ["Identity: pods do not reach their node's credentials"], checkov: "CKV_AWS_79" },
  },
  {
    what: "nodes' disks in clear",
    file: NODES,
    changes: [["encrypted             = true", "encrypted             = false"]],
    found: { assertions: ["EKS: nodes' disks are encrypted"] },
  },
  {
    what: "a public load balancer",
    file: LOAD_BALANCER,
    changes: [["internal           = true", "internal           = false"]],
    found: { assertions: ["ALB: it is internal"] },
  },
  {
    what: "a load balancer that the world reaches",
    file: LOAD_BALANCER,
    changes: [
      ["referenced_security_group_id = data.aws_security_group.cdn.id", 'cidr_ipv4                    = "0.0.0.0/0"'],
    ],
    found: {
      assertions: ["Security groups: the load balancer admits CloudFront's VPC origin and nobody else"],
      rule: "no rule admits the world",
    },
  },
  {
    what: "targets by pods' addresses",
    file: LOAD_BALANCER,
    changes: [['target_type = "instance"', 'target_type = "ip"']],
    found: { assertions: ["ALB: targets are nodes, not pods' addresses"] },
  },
  {
    what: "health that is not readiness",
    file: LOAD_BALANCER,
    changes: [['path                = "/health/ready"', 'path                = "/"']],
    found: { assertions: ["ALB: a node gets requests while the process says that it is ready"] },
  },
  {
    what: "a load balancer that keeps connections longer than the application",
    file: LOAD_BALANCER,
    changes: [["idle_timeout               = 60", "idle_timeout               = 120"]],
    found: { assertions: ["ALB: it closes an idle connection before the application does (75 s)"] },
  },
  {
    what: "TLS 1.0 at the load balancer",
    file: LOAD_BALANCER,
    changes: [["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"]],
    found: { assertions: ["TLS: the load balancer speaks 1.3 or 1.2"], checkov: "CKV_AWS_103" },
  },
  {
    what: "TLS 1.0 at CloudFront",
    file: CDN,
    changes: [['minimum_protocol_version = "TLSv1.2_2021"', 'minimum_protocol_version = "TLSv1"']],
    found: { assertions: ["TLS: viewers speak 1.2 at least, and nothing else"], checkov: "CKV_AWS_174" },
  },
  {
    what: "answers of the API that are kept and given to others",
    file: CDN,
    changes: [
      ["cache_policy_id          = local.caching_disabled", "cache_policy_id          = local.caching_optimized"],
    ],
    found: { assertions: ["Route 53, CloudFront, WAF: no answer of the API is kept"] },
  },
  {
    what: "a Host that the load balancer's certificate does not have",
    file: CDN,
    changes: [["216adef6-5c7f-47e4-b989-5492eafa07d3", "b689b0a8-53d0-40ab-baf2-68738e2966ac"]],
    found: {
      assertions: ["Route 53, CloudFront, WAF: Host is handed on, so that the load balancer's certificate matches"],
    },
  },
  {
    what: "plain HTTP between CloudFront and the load balancer",
    file: CDN,
    changes: [['origin_protocol_policy = "https-only"', 'origin_protocol_policy = "http-only"']],
    found: {
      assertions: ["Route 53, CloudFront, WAF: CloudFront's origin is in the VPC, and it speaks HTTPS with it"],
    },
  },
  {
    what: "an order of a hundred lines refused at the edge",
    file: "modules/edge/firewall.tf",
    changes: [['count = ["SizeRestrictions_BODY"]', "count = []"]],
    found: { assertions: ["Route 53, CloudFront, WAF: a body over 8 KB is counted and not refused"] },
  },
  {
    what: "CloudFront without a firewall",
    file: CDN,
    changes: [["  web_acl_id      = aws_wafv2_web_acl.edge.arn\n", ""]],
    found: { assertions: ["Route 53, CloudFront, WAF: a firewall is before CloudFront"], checkov: "CKV_AWS_68" },
  },
  {
    what: "access logs that may become public",
    file: "modules/edge/logs.tf",
    changes: [["block_public_policy     = true", "block_public_policy     = false"]],
    found: {
      assertions: ["Logs: access logs are nobody else's to read"],
      rule: "a bucket is nobody else's",
      checkov: "CKV_AWS_54",
    },
  },
  {
    what: "fewer connections than the pods open",
    file: "modules/platform/main.tf",
    changes: [["= local.shape.maxConnections", "= 100"]],
    found: { rule: "databases take as many connections" },
  },
  {
    what: "an overlay that misses a peer",
    file: "modules/platform/outputs.tf",
    changes: [['          cache        = [{ ipBlock = { cidr = module.network.tier_cidrs["cache"] } }]\n', ""]],
    found: { rule: "the overlay's values" },
  },
  {
    what: "a path that leads nowhere",
    file: "modules/platform/main.tf",
    changes: [["name => workload.paths }", 'name => workload.paths if name != "payment" }']],
    found: {
      assertions: [
        "Workloads: staging runs a workload a module of modules.json",
        "Workloads: production runs a workload a module of modules.json",
      ],
      rule: "the load balancer's rules",
    },
  },
];
