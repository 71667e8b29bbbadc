# What is watched, and who is told.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name               = "genai-demo-test"
  account_id         = "111122223333"
  region             = "eu-central-1"
  modules            = ["order", "payment"]
  databases          = { order = { identifier = "genai-demo-test-order", max_connections = 400 } }
  kafka_cluster      = "genai-demo-test"
  cache              = "genai-demo-test"
  load_balancer      = "app/some/1"
  alarm_emails       = ["on-call@example.com"]
  logs_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  log_retention_days = 365
}

run "observability" {
  command = plan

  module {
    source = "./modules/observability"
  }

  assert {
    condition     = toset([for group in aws_cloudwatch_log_group.this : group.name]) == toset(["/aws/eks/genai-demo/application", "/aws/eks/genai-demo/metrics"])
    error_message = "Logs: Fluent Bit and the collector find the groups that their configurations name"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 365])
    error_message = "Logs: the application's have a retention"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.logs_key_arn])
    error_message = "Logs: the application's are under a customer key"
  }

  assert {
    condition     = aws_xray_encryption_config.this.type == "KMS" && aws_xray_encryption_config.this.key_id == var.logs_key_arn
    error_message = "Traces: they are encrypted under a customer key"
  }

  assert {
    condition = alltrue([
      for module in var.modules : alltrue([
        contains(keys(aws_cloudwatch_metric_alarm.errors), module),
        contains(keys(aws_cloudwatch_metric_alarm.latency), module),
        contains(keys(aws_cloudwatch_metric_alarm.gauge), "${module}-outbox-age"),
        contains(keys(aws_cloudwatch_metric_alarm.gauge), "${module}-dead-letters"),
      ])
    ])
    error_message = "Metrics: each module has alarms on failures, duration, what waits and what was given up"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.latency : alarm.extended_statistic == "p95"]) && aws_cloudwatch_metric_alarm.processing.extended_statistic == "p95" && aws_cloudwatch_metric_alarm.processing.metric_name == "orders.processing.time"
    error_message = "Metrics: durations are judged by their 95th percentile"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.gauge), values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.latency), values(aws_cloudwatch_metric_alarm.aws), [aws_cloudwatch_metric_alarm.processing]) :
      tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
    ])
    error_message = "Metrics: somebody is told of every alarm"
  }

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.logs_key_arn
    error_message = "Metrics: notices are encrypted under a customer key"
  }

  assert {
    condition = alltrue([
      for metric in ["orders.created", "orders.processing.time", "http.server.request.duration", "handler.duration", "outbox.age", "dead_letters"] :
      strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"${metric}\"")
      ]) && alltrue([
      for module in var.modules : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "${module}: requests and failures")
    ])
    error_message = "Metrics: one dashboard shows orders, and each module's rate, errors, duration and what waits"
  }
}
