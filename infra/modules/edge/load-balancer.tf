# The load balancer: internal, reached through CloudFront's origin in the VPC and by nobody else. Its rules and groups come
# from the modules' paths; Kubernetes puts nodes into the groups (TargetGroupBinding). Targets are nodes: with those of pods'
# addresses requests are lost when a rollout switches its colours.

locals {
  paths = merge([
    for workload, paths in var.workload_paths : { for path in paths : path => workload }
  ]...)
  # In one order, whatever is added.
  priorities = { for index, path in sort(keys(local.paths)) : path => (index + 1) * 10 }
}

resource "aws_security_group" "load_balancer" {
  name        = "${var.name}-load-balancer"
  description = "The internal load balancer of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-load-balancer" }
}

# CloudFront makes this group in the VPC with the first origin there, and its interfaces are in it.
data "aws_security_group" "cdn" {
  name   = "CloudFront-VPCOrigins-Service-SG"
  vpc_id = var.vpc_id

  depends_on = [aws_cloudfront_vpc_origin.this]
}

resource "aws_vpc_security_group_ingress_rule" "cdn" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "HTTPS from the VPC origin of CloudFront"
  referenced_security_group_id = data.aws_security_group.cdn.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Ports of the nodes"
  referenced_security_group_id = var.nodes_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 30000
  to_port                      = 32767
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = var.nodes_security_group_id
  description                  = "Ports of the nodes, from the load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 30000
  to_port                      = 32767
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = true
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.load_balancer.id]

  # Below the 75 s after which the application closes a connection, or it would close one that is being used.
  idle_timeout               = 60
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  preserve_host_header       = true
  enable_deletion_protection = var.deletion_protection

  access_logs {
    enabled = true
    bucket  = aws_s3_bucket.logs.bucket
    prefix  = "load-balancer"
  }

  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_lb_target_group" "this" {
  for_each = var.workload_paths

  # 32 characters at the most.
  name        = "${var.environment}-${each.key}"
  vpc_id      = var.vpc_id
  target_type = "instance"
  protocol    = "HTTP"
  # Each target has the port that its Service got.
  port             = 80
  protocol_version = "HTTP1"
  # A node that is taken out still serves what is under way: READINESS_DRAIN_MS and SHUTDOWN_DEADLINE_MS of its pods.
  deregistration_delay          = 35
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    path                = "/health/ready"
    port                = "traffic-port"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.region.certificate_arn

  # The edge (pages, documents, operations) is where order is.
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[var.edge_workload].arn
  }
}

resource "aws_lb_listener_rule" "path" {
  for_each = local.paths

  listener_arn = aws_lb_listener.https.arn
  priority     = local.priorities[each.key]

  condition {
    path_pattern {
      values = [each.key, "${each.key}/*"]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.value].arn
  }
}
