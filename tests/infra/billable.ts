/**
 * What of a plan is paid for by the hour, the month or the gigabyte stored, whether anybody uses it or not: how many of
 * each, by the names that infra/prices.json has. A kind of resource that is neither here nor known to be free is a fault.
 */
import * as z from "zod";
import { ofType, type Plan, type PlannedResource } from "./plan.ts";

export type Quantities = Readonly<Record<string, number>>;

/** Free in themselves, or paid by use alone, which a plan does not know: traffic, logs, builds, requests, people. */
const NOT_BY_THE_HOUR = [
  ...["aws_acm_certificate", "aws_acm_certificate_validation", "aws_backup_plan", "aws_backup_selection"],
  ...["aws_backup_vault", "aws_backup_vault_lock_configuration", "aws_cloudfront_distribution"],
  ...["aws_cloudfront_vpc_origin", "aws_cloudwatch_log_delivery", "aws_cloudwatch_log_delivery_destination"],
  ...["aws_cloudwatch_log_delivery_source", "aws_cloudwatch_log_group", "aws_codebuild_project"],
  ...["aws_codeconnections_connection", "aws_codepipeline", "aws_cognito_resource_server", "aws_cognito_user_group"],
  ...["aws_cognito_user_pool", "aws_cognito_user_pool_client", "aws_cognito_user_pool_domain"],
  ...["aws_db_parameter_group", "aws_db_subnet_group", "aws_default_security_group", "aws_ecr_lifecycle_policy"],
  ...["aws_ecr_repository", "aws_eks_access_entry", "aws_eks_access_policy_association", "aws_eks_addon"],
  ...["aws_elasticache_subnet_group", "aws_elasticache_user", "aws_elasticache_user_group", "aws_flow_log"],
  ...["aws_iam_openid_connect_provider", "aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment"],
  ...["aws_internet_gateway", "aws_kms_alias", "aws_launch_template", "aws_lb_listener", "aws_lb_listener_rule"],
  ...["aws_lb_target_group", "aws_msk_configuration", "aws_route", "aws_route53_record", "aws_route_table"],
  ...["aws_route_table_association", "aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_policy"],
  ...["aws_s3_bucket_public_access_block", "aws_s3_bucket_server_side_encryption_configuration"],
  ...["aws_s3_bucket_versioning", "aws_security_group", "aws_sns_topic", "aws_sns_topic_policy"],
  ...["aws_ssm_parameter", "aws_subnet", "aws_vpc", "aws_vpc_security_group_egress_rule"],
  ...[
    "aws_vpc_security_group_ingress_rule",
    "aws_wafv2_web_acl_association",
    "aws_wafv2_web_acl_logging_configuration",
  ],
  ...["aws_xray_encryption_config", "terraform_data"],
] as const;

type Bill = (resource: PlannedResource, surroundings: Surroundings) => Quantities;

interface Surroundings {
  readonly plan: Plan;
  /** Zones in which each interface endpoint has an address: mocks give all subnets one name. */
  readonly endpointZones: number;
}

const nodes = z.looseObject({
  instance_types: z.array(z.string()).min(1),
  capacity_type: z.enum(["ON_DEMAND", "SPOT"]),
  scaling_config: z.array(z.looseObject({ min_size: z.number() })).length(1),
});
const disk = z.looseObject({
  block_device_mappings: z.array(
    z.looseObject({ ebs: z.array(z.looseObject({ volume_size: z.number(), volume_type: z.literal("gp3") })) }),
  ),
});
const instance = z.looseObject({
  instance_class: z.string(),
  allocated_storage: z.number(),
  multi_az: z.boolean(),
  storage_type: z.literal("gp3"),
  manage_master_user_password: z.literal(true),
});
const brokers = z.looseObject({
  number_of_broker_nodes: z.number(),
  broker_node_group_info: z
    .array(
      z.looseObject({
        instance_type: z.string(),
        storage_info: z
          .array(z.looseObject({ ebs_storage_info: z.array(z.looseObject({ volume_size: z.number() })).length(1) }))
          .length(1),
      }),
    )
    .length(1),
});
const cache = z.looseObject({ node_type: z.string(), num_cache_clusters: z.number(), engine: z.literal("valkey") });
const endpoint = z.looseObject({ vpc_endpoint_type: z.enum(["Interface", "Gateway"]) });
const firewall = z.looseObject({ rule: z.array(z.unknown()) });

/** Each group at its least: what an idle platform costs. */
const billNodes: Bill = ({ address, values }, { plan }) => {
  const { instance_types, capacity_type, scaling_config } = nodes.parse(values);
  const count = scaling_config[0]?.min_size ?? 0;
  const group = /\["(.+)"\]$/.exec(address)?.[1] ?? "";
  const template = ofType(plan, "aws_launch_template").find((each) => each.address.endsWith(`["${group}"]`));
  const gigabytes = disk
    .parse(template?.values ?? {})
    .block_device_mappings.reduce((sum, { ebs }) => sum + (ebs[0]?.volume_size ?? 0), 0);
  return {
    [`ec2 ${instance_types[0]} ${capacity_type === "SPOT" ? "spot" : "on demand"}`]: count,
    "ebs gp3 GB": count * gigabytes,
  };
};

const BILLED: Readonly<Record<string, Bill>> = {
  aws_eks_cluster: () => ({ "eks cluster": 1 }),
  aws_eks_node_group: billNodes,
  aws_db_instance: ({ values }) => {
    const { instance_class, allocated_storage, multi_az } = instance.parse(values);
    const where = multi_az ? "multi-az" : "one zone";
    return {
      [`rds ${instance_class} ${where}`]: 1,
      [`rds gp3 GB ${where}`]: allocated_storage,
      "secrets manager secret": 1,
    };
  },
  aws_msk_cluster: ({ values }) => {
    const { number_of_broker_nodes: count, broker_node_group_info } = brokers.parse(values);
    const [group] = broker_node_group_info;
    const gigabytes = group?.storage_info[0]?.ebs_storage_info[0]?.volume_size ?? 0;
    return { [`msk ${group?.instance_type}`]: count, "msk storage GB": count * gigabytes };
  },
  aws_elasticache_replication_group: ({ values }) => {
    const { node_type, num_cache_clusters } = cache.parse(values);
    return { [`elasticache valkey ${node_type}`]: num_cache_clusters };
  },
  aws_nat_gateway: () => ({ "nat gateway": 1 }),
  aws_eip: () => ({ "public ipv4 address": 1 }),
  aws_vpc_endpoint: ({ values }, { endpointZones }) => {
    const isInterface = endpoint.parse(values).vpc_endpoint_type === "Interface";
    return isInterface ? { "interface endpoint in a zone": endpointZones } : {};
  },
  aws_lb: () => ({ "application load balancer": 1 }),
  aws_wafv2_web_acl: ({ values }) => ({ "waf acl": 1, "waf rule": firewall.parse(values).rule.length }),
  aws_kms_key: () => ({ "kms key": 1 }),
  aws_cloudwatch_metric_alarm: () => ({ "cloudwatch alarm": 1 }),
  aws_cloudwatch_dashboard: () => ({ "cloudwatch dashboard": 1 }),
};

/** Counts it; `root` is the text of the environment's main.tf. */
export function billable(
  plan: Plan,
  root: string,
): { readonly quantities: Quantities; readonly faults: readonly string[] } {
  const endpointZones = Number(/^\s*endpoint_zones\s*=\s*(\d+)$/m.exec(root)?.[1] ?? Number.NaN);
  const sums = new Map<string, number>();
  const unknown = new Set<string>();
  for (const resource of plan.resources) {
    const bill = BILLED[resource.type];
    if (bill === undefined) {
      if (!NOT_BY_THE_HOUR.some((type) => type === resource.type)) unknown.add(resource.type);
      continue;
    }
    for (const [name, quantity] of Object.entries(bill(resource, { plan, endpointZones })))
      sums.set(name, (sums.get(name) ?? 0) + quantity);
  }
  const faults = [...unknown].map(
    (type) => `${plan.environment}: nobody has said whether ${type} costs anything (tests/infra/billable.ts)`,
  );
  if (Number.isNaN(endpointZones)) faults.push(`${plan.environment}: main.tf does not say endpoint_zones`);
  return { quantities: Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1))), faults };
}
