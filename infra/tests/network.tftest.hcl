# The network: what may speak with what, and what has no way out.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name               = "genai-demo-test"
  account_id         = "111122223333"
  region             = "eu-central-1"
  cidr               = "10.99.0.0/16"
  zones              = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat_per_zone       = true
  endpoint_zones     = 3
  endpoint_clients   = { nodes = "sg-11111111", builds = "sg-22222222" }
  logs_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  log_retention_days = 365
}

run "network" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_resource {
    target          = aws_route_table.inside
    override_during = plan
    values = {
      id = "rtb-without-a-way-out"
    }
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "Security groups: what names no group is in one that admits nothing and reaches nothing"
  }

  assert {
    condition = alltrue([
      for name, rule in aws_vpc_security_group_ingress_rule.endpoints :
      rule.referenced_security_group_id == var.endpoint_clients[name] && rule.cidr_ipv4 == null && rule.from_port == 443 && rule.to_port == 443
    ]) && length(aws_vpc_security_group_ingress_rule.endpoints) == 2
    error_message = "Security groups: interface endpoints admit nodes and builds by their groups, on 443"
  }

  assert {
    condition = alltrue([
      for service in ["ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "secretsmanager", "ssm", "sts", "xray"] :
      try(aws_vpc_endpoint.interface[service].private_dns_enabled, false)
    ])
    error_message = "Workloads: what a pod needs to start and to be seen is reached through interface endpoints, by its usual name"
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : can(regex("\"aws:PrincipalAccount\":\"111122223333\"", endpoint.policy))])
    error_message = "Identity: interface endpoints serve this account's principals alone"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.this : !subnet.map_public_ip_on_launch])
    error_message = "Security groups: no subnet gives public addresses to what starts in it"
  }

  assert {
    condition = alltrue([
      for name, association in aws_route_table_association.this :
      association.route_table_id == aws_route_table.inside.id
      if contains(["load_balancer", "control_plane", "databases", "cache", "brokers", "endpoints"], split("/", name)[0])
    ])
    error_message = "RDS PostgreSQL: databases, cache, brokers and the load balancer are in subnets without a way out"
  }

  assert {
    condition     = length(toset([for name, subnet in aws_subnet.this : subnet.availability_zone if startswith(name, "brokers/")])) == 3
    error_message = "MSK: there is a subnet for brokers in each of three zones"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.way_out) == 3
    error_message = "EKS: where it is asked for each zone has its own way out"
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.logs_key_arn
    error_message = "Logs: who spoke with whom, and who was refused, is written under the logs' key"
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow.retention_in_days == 365
    error_message = "Logs: flow logs have a retention"
  }
}

run "one_way_out" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    nat_per_zone   = false
    endpoint_zones = 1
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.way_out) == 3 && alltrue([for endpoint in aws_vpc_endpoint.interface : length(endpoint.subnet_ids) == 1])
    error_message = "Cost: a small environment has one NAT gateway, and endpoints in one zone"
  }
}
