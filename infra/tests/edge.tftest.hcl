# The edge: one name, CloudFront, its firewall, and a load balancer that nobody else reaches.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

mock_provider "aws" {
  alias           = "us_east_1"
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name                    = "genai-demo-test"
  environment             = "test"
  account_id              = "111122223333"
  hostname                = "orders.example.com"
  zone_id                 = "Z0123456789ABCDEFGHIJ"
  vpc_id                  = "vpc-0a1b2c3d4e5f60718"
  subnet_ids              = ["subnet-1", "subnet-2", "subnet-3"]
  nodes_security_group_id = "sg-11111111"
  workload_paths          = { order = ["/api/v1/orders"], payment = ["/api/v1/payments"], both = ["/api/v1/inventory", "/api/v1/pricing"] }
  edge_workload           = "order"
  logs_key_arn            = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  edge_logs_key_arn       = "arn:aws:kms:us-east-1:111122223333:key/88888888-2222-3333-4444-555555555555"
  log_retention_days      = 365
}

run "edge" {
  command = plan

  module {
    source = "./modules/edge"
  }

  assert {
    condition     = keys(aws_route53_record.this) == ["A", "AAAA"] && alltrue([for record in aws_route53_record.this : record.name == "orders.example.com" && record.alias[0].name == aws_cloudfront_distribution.this.domain_name])
    error_message = "Route 53, CloudFront, WAF: one hostname leads to CloudFront, by both kinds of address"
  }

  assert {
    condition     = aws_acm_certificate.region.domain_name == "orders.example.com" && aws_acm_certificate.cdn.domain_name == "orders.example.com"
    error_message = "Route 53, CloudFront, WAF: CloudFront and the load balancer each have a certificate of that name"
  }

  assert {
    condition = (
      aws_cloudfront_vpc_origin.this.vpc_origin_endpoint_config[0].arn == aws_lb.this.arn
      && aws_cloudfront_vpc_origin.this.vpc_origin_endpoint_config[0].origin_protocol_policy == "https-only"
      && one(aws_cloudfront_distribution.this.origin).vpc_origin_config[0].vpc_origin_id == aws_cloudfront_vpc_origin.this.id
    )
    error_message = "Route 53, CloudFront, WAF: CloudFront's origin is in the VPC, and it speaks HTTPS with it"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].origin_request_policy_id == "216adef6-5c7f-47e4-b989-5492eafa07d3"
    error_message = "Route 53, CloudFront, WAF: Host is handed on, so that the load balancer's certificate matches"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.http_version == "http2and3" && aws_cloudfront_distribution.this.is_ipv6_enabled
    error_message = "Route 53, CloudFront, WAF: HTTP/2 and 3, over IPv6 as well"
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.origin).vpc_origin_config[0].origin_read_timeout == 60
    error_message = "Route 53, CloudFront, WAF: an answer may take 60 s"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    error_message = "Route 53, CloudFront, WAF: no answer of the API is kept"
  }

  assert {
    condition = (
      aws_cloudfront_distribution.this.ordered_cache_behavior[0].path_pattern == "/assets/*"
      && aws_cloudfront_distribution.this.ordered_cache_behavior[0].cache_policy_id == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    )
    error_message = "Route 53, CloudFront, WAF: static assets are kept"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    error_message = "TLS: viewers speak 1.2 at least, and nothing else"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == aws_wafv2_web_acl.edge.arn && aws_wafv2_web_acl.edge.scope == "CLOUDFRONT"
    error_message = "Route 53, CloudFront, WAF: a firewall is before CloudFront"
  }

  assert {
    condition = alltrue([
      for group in ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesAmazonIpReputationList"] :
      contains([for rule in aws_wafv2_web_acl.edge.rule : rule.name], group)
    ])
    error_message = "Route 53, CloudFront, WAF: AWS's groups of rules are in force at the edge"
  }

  assert {
    condition = contains(flatten([
      for rule in aws_wafv2_web_acl.edge.rule : [
        for group in rule.statement[0].managed_rule_group_statement : [
          for override in group.rule_action_override : override.name if length(override.action_to_use[0].count) == 1
        ]
      ]
    ]), "SizeRestrictions_BODY")
    error_message = "Route 53, CloudFront, WAF: a body over 8 KB is counted and not refused"
  }

  assert {
    condition = anytrue([
      for rule in aws_wafv2_web_acl.edge.rule :
      try(rule.statement[0].rate_based_statement[0].aggregate_key_type == "IP" && length(rule.action[0].block) == 1, false)
    ])
    error_message = "Route 53, CloudFront, WAF: an address has a rate at the edge"
  }

  assert {
    condition     = [for rule in aws_wafv2_web_acl.load_balancer.rule : rule.name] == ["AWSManagedRulesKnownBadInputsRuleSet"]
    error_message = "Route 53, CloudFront, WAF: the load balancer's firewall knows bad inputs and no rate, which would be CloudFront's"
  }

  assert {
    condition     = aws_wafv2_web_acl_association.load_balancer.resource_arn == aws_lb.this.arn
    error_message = "Route 53, CloudFront, WAF: the load balancer's firewall is before it"
  }

  assert {
    condition     = aws_cloudwatch_log_delivery_source.cdn.log_type == "ACCESS_LOGS" && aws_lb.this.access_logs[0].enabled
    error_message = "Route 53, CloudFront, WAF: CloudFront and the load balancer write access logs"
  }

  assert {
    condition = alltrue([
      for logging in [aws_wafv2_web_acl_logging_configuration.edge, aws_wafv2_web_acl_logging_configuration.load_balancer] :
      logging.redacted_fields[0].single_header[0].name == "authorization"
    ])
    error_message = "Logs: firewalls write no token"
  }

  assert {
    condition     = aws_cloudwatch_log_group.edge_firewall.retention_in_days == 365 && aws_cloudwatch_log_group.load_balancer_firewall.retention_in_days == 365
    error_message = "Logs: firewalls' have a retention"
  }

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.load_balancer_type == "application"
    error_message = "ALB: it is internal"
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.target_type == "instance"])
    error_message = "ALB: targets are nodes, not pods' addresses"
  }

  assert {
    condition = (
      keys(aws_lb_target_group.this) == ["both", "order", "payment"]
      && toset(flatten([for rule in aws_lb_listener_rule.path : [for condition in rule.condition : condition.path_pattern[0].values]]))
      == toset(["/api/v1/orders", "/api/v1/orders/*", "/api/v1/payments", "/api/v1/payments/*", "/api/v1/inventory", "/api/v1/inventory/*", "/api/v1/pricing", "/api/v1/pricing/*"])
    )
    error_message = "ALB: a target group a workload, and a rule a path"
  }

  assert {
    condition     = aws_lb_listener.https.default_action[0].target_group_arn == aws_lb_target_group.this["order"].arn && var.edge_workload == "order"
    error_message = "ALB: everything else goes to the workload with the edge"
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-")
    error_message = "TLS: the load balancer speaks 1.3 or 1.2"
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.health_check[0].path == "/health/ready"])
    error_message = "ALB: a node gets requests while the process says that it is ready"
  }

  assert {
    condition     = aws_lb.this.idle_timeout == 60
    error_message = "ALB: it closes an idle connection before the application does (75 s)"
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : tonumber(group.deregistration_delay) >= 30])
    error_message = "ALB: what is taken out still answers what is under way"
  }

  assert {
    condition     = aws_lb.this.enable_deletion_protection
    error_message = "ALB: nobody deletes it by mistake"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.cdn.cidr_ipv4 == null
      && aws_vpc_security_group_ingress_rule.cdn.prefix_list_id == null
      && data.aws_security_group.cdn.name == "CloudFront-VPCOrigins-Service-SG"
    )
    error_message = "Security groups: the load balancer admits CloudFront's VPC origin and nobody else"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.nodes.security_group_id == "sg-11111111"
      && aws_vpc_security_group_ingress_rule.nodes.referenced_security_group_id == aws_security_group.load_balancer.id
      && aws_vpc_security_group_ingress_rule.nodes.from_port == 30000
      && aws_vpc_security_group_ingress_rule.nodes.to_port == 32767
      && aws_vpc_security_group_ingress_rule.nodes.cidr_ipv4 == null
    )
    error_message = "Security groups: nodes admit the load balancer, on the ports of Services"
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.logs.block_public_acls && aws_s3_bucket_public_access_block.logs.block_public_policy
      && aws_s3_bucket_public_access_block.logs.ignore_public_acls && aws_s3_bucket_public_access_block.logs.restrict_public_buckets
    )
    error_message = "Logs: access logs are nobody else's to read"
  }
}
