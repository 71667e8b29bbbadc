# The cluster: who gets in, what it encrypts, on which nodes pods run.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name                     = "genai-demo-test"
  control_plane_subnet_ids = ["subnet-1", "subnet-2", "subnet-3"]
  node_subnet_ids          = ["subnet-4", "subnet-5", "subnet-6"]
  key_arn                  = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn             = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  log_retention_days       = 365
  graviton                 = true
  small_nodes              = false
  on_demand_nodes          = { min = 3, max = 12 }
  spot_nodes               = { min = 3, max = 30 }
  administrator_role_arns  = { operators = "arn:aws:iam::111122223333:role/operators" }
  group_role_arns          = { deployers = "arn:aws:iam::111122223333:role/deploy" }
  api_clients              = { builds = "sg-22222222" }
}

run "cluster" {
  command = plan

  module {
    source = "./modules/cluster"
  }

  assert {
    condition = (
      aws_eks_cluster.this.access_config[0].authentication_mode == "API"
      && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    )
    error_message = "EKS: access entries alone say who gets in; whoever made the cluster does not"
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "EKS: the API server has a private endpoint and no public one"
  }

  assert {
    condition = try(
      aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.key_arn
      && contains(aws_eks_cluster.this.encryption_config[0].resources, "secrets"),
      false,
    )
    error_message = "EKS: secrets are encrypted under a customer key"
  }

  assert {
    condition     = toset(aws_eks_cluster.this.enabled_cluster_log_types) == toset(["api", "audit", "authenticator", "controllerManager", "scheduler"])
    error_message = "Logs: the control plane writes all of its logs"
  }

  assert {
    condition     = aws_cloudwatch_log_group.control_plane.retention_in_days == 365 && aws_cloudwatch_log_group.control_plane.kms_key_id == var.logs_key_arn
    error_message = "Logs: the control plane's have a retention and the logs' key"
  }

  assert {
    condition = (
      toset(concat([aws_eks_addon.network.addon_name], [for addon in aws_eks_addon.on_nodes : addon.addon_name]))
      == toset(["vpc-cni", "coredns", "kube-proxy", "metrics-server"])
    )
    error_message = "EKS: network, names, proxy and metrics of pods are add-ons that AWS keeps"
  }

  assert {
    condition     = jsondecode(aws_eks_addon.network.configuration_values).enableNetworkPolicy == "true"
    error_message = "EKS: the network add-on heeds NetworkPolicies"
  }

  assert {
    condition = (
      aws_eks_node_group.this["on-demand"].capacity_type == "ON_DEMAND"
      && aws_eks_node_group.this["on-demand"].scaling_config[0].min_size >= 1
      && length(aws_eks_node_group.this["on-demand"].taint) == 0
    )
    error_message = "EKS: there are always nodes on demand, which take every pod"
  }

  assert {
    condition     = aws_eks_node_group.this["spot"].capacity_type == "SPOT" && length(aws_eks_node_group.this["spot"].instance_types) >= 5
    error_message = "EKS: Spot nodes are of several instance types"
  }

  assert {
    condition     = one(aws_eks_node_group.this["spot"].taint).key == "genai-demo/spot" && one(aws_eks_node_group.this["spot"].taint).effect == "NO_SCHEDULE"
    error_message = "EKS: only pods that bear it run on Spot"
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.ami_type == "AL2023_ARM_64_STANDARD"])
    error_message = "Cost: Graviton is an option"
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "Identity: pods do not reach their node's credentials"
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.block_device_mappings[0].ebs[0].encrypted == "true"])
    error_message = "EKS: nodes' disks are encrypted"
  }

  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.vpc_security_group_ids == null && length(template.network_interfaces) == 0])
    error_message = "Security groups: nodes are in the cluster's own group, which stores and brokers name"
  }

  assert {
    condition = alltrue([
      for name, rule in aws_vpc_security_group_ingress_rule.api :
      rule.referenced_security_group_id == var.api_clients[name] && rule.cidr_ipv4 == null && rule.from_port == 443 && rule.to_port == 443
    ]) && length(aws_vpc_security_group_ingress_rule.api) == 1
    error_message = "Security groups: builds reach the API server, by their group, on 443"
  }

  assert {
    condition     = aws_eks_access_entry.group["deployers"].principal_arn == "arn:aws:iam::111122223333:role/deploy" && tolist(aws_eks_access_entry.group["deployers"].kubernetes_groups) == tolist(["genai-demo:deployers"])
    error_message = "CI/CD: the pipeline gets into the cluster as a group, which the cluster's own roles bind"
  }

  assert {
    condition     = tolist(aws_iam_openid_connect_provider.cluster.client_id_list) == tolist(["sts.amazonaws.com"])
    error_message = "Identity: IAM believes the cluster's tokens that were made for AWS"
  }

  assert {
    condition     = output.api_service_cidr == "172.20.0.1/32"
    error_message = "Workloads: the address of the API server's Service is known to NetworkPolicies"
  }
}

run "other_processors" {
  command = plan

  module {
    source = "./modules/cluster"
  }

  variables {
    graviton    = false
    small_nodes = true
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.ami_type == "AL2023_x86_64_STANDARD"]) && length(aws_eks_node_group.this["spot"].instance_types) >= 5
    error_message = "EKS: without Graviton nodes are x86_64, and Spot nodes still of several types"
  }
}

run "nobody_gets_in" {
  command = plan

  module {
    source = "./modules/cluster"
  }

  variables {
    administrator_role_arns = {}
  }

  expect_failures = [var.administrator_role_arns]
}
