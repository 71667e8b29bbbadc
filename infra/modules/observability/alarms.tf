# What somebody must look at. Of each module what docs/metrics.md says when it is high; of what AWS runs what ends in an
# outage. Silence is no alarm of its own, but for the platform's: a module without requests has none.

locals {
  # What every replica tells of: the maximum counts.
  module_gauges = {
    outbox-age    = { metric = "outbox.age", above = 30, what = "Its messages are not taken: orders stand still." }
    dead-letters  = { metric = "dead_letters", above = 0, what = "Messages were given up: bun run deadletters list." }
    calls-waiting = { metric = "calls.waiting", above = 500, what = "A provider, carrier or mail server is slow or away." }
    timers-due    = { metric = "timers.due", above = 500, what = "Its timers are late: nobody holds their shards." }
  }

  gauges = merge([
    for module in var.modules : {
      for name, gauge in local.module_gauges : "${module}-${name}" => merge(gauge, { module = module })
    }
  ]...)

  # Of what AWS runs: namespace, metric, dimensions, statistic, when, why.
  aws_alarms = merge(
    merge([
      for instance, database in var.databases : {
        "database-${instance}-cpu" = {
          namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = database.identifier }
          statistic = "Average", comparison = "GreaterThanThreshold", threshold = 85
          what      = "The instance is too small, or a statement is: performance insights."
        }
        "database-${instance}-storage" = {
          namespace = "AWS/RDS", metric = "FreeStorageSpace", dimensions = { DBInstanceIdentifier = database.identifier }
          statistic = "Minimum", comparison = "LessThanThreshold", threshold = 5 * 1024 * 1024 * 1024
          what      = "Storage grows by itself until its most: raise storage_gb, or look for what fills it."
        }
        "database-${instance}-connections" = {
          namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = database.identifier }
          statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = floor(database.max_connections * 0.8)
          what      = "More pods than max_connections was made for."
        }
      }
    ]...),
    var.kafka_cluster == null ? {} : {
      "brokers-offline-partitions" = {
        namespace = "AWS/Kafka", metric = "OfflinePartitionsCount", dimensions = { "Cluster Name" = var.kafka_cluster }
        statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 0
        what      = "Two brokers of a partition are away: its orders stand still until one is back."
      }
      "brokers-under-replicated" = {
        namespace = "AWS/Kafka", metric = "UnderReplicatedPartitions", dimensions = { "Cluster Name" = var.kafka_cluster }
        statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 0
        what      = "A broker is away or behind; with another one gone nothing is written any more."
      }
    },
    {
      "load-balancer-5xx" = {
        namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = { LoadBalancer = var.load_balancer }
        statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 10
        what      = "No node answers for a module: its Rollout, its pods, its TargetGroupBinding."
      }
      "cache-memory" = {
        namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", dimensions = { ReplicationGroupId = var.cache }
        statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 85
        what      = "Keys are dropped soon: rate limits forget."
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "gauge" {
  for_each = local.gauges

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.what
  namespace           = "genai-demo"
  metric_name         = each.value.metric
  dimensions          = { module = each.value.module }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = var.modules

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "More than 1 % of its requests fail: its log, GET /api/v1/ops, its database."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "percent"
    expression  = "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)"
    label       = "Failed requests, percent"
    return_data = true
  }

  metric_query {
    id = "requests"
    metric {
      namespace   = "genai-demo"
      metric_name = "http.server.request.duration"
      dimensions  = { module = each.key }
      period      = 60
      stat        = "SampleCount"
    }
  }

  metric_query {
    id = "errors"
    metric {
      namespace   = "genai-demo"
      metric_name = "http.server.request.duration"
      dimensions  = { module = each.key, status = "5xx" }
      period      = 60
      stat        = "SampleCount"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each = var.modules

  alarm_name          = "${var.name}-${each.key}-latency"
  alarm_description   = "The slowest twentieth of its requests takes too long: lane.backlog, its database, whom it asks."
  namespace           = "genai-demo"
  metric_name         = "http.server.request.duration"
  dimensions          = { module = each.key }
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "processing" {
  alarm_name          = "${var.name}-orders-processing-time"
  alarm_description   = "Customers wait for the answer to their orders: docs/how-an-order-flows.md."
  namespace           = "genai-demo"
  metric_name         = "orders.processing.time"
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "aws" {
  for_each = local.aws_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.what
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
