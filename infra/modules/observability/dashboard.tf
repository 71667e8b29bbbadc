# One page: orders, then each module by rate, errors, duration and what waits in it, then what AWS runs.

locals {
  ns = "genai-demo"

  # Rows of two widgets, each half the width.
  widgets = concat(
    [
      {
        title   = "Orders created", view = "timeSeries"
        metrics = [[local.ns, "orders.created", { stat = "Sum" }]]
      },
      {
        title = "From placing to an answer, seconds", view = "timeSeries"
        metrics = [
          [local.ns, "orders.processing.time", { stat = "p50" }],
          [local.ns, "orders.processing.time", { stat = "p95" }],
        ]
      },
    ],
    flatten([
      for module in sort(var.modules) : [
        {
          title = "${module}: requests and failures", view = "timeSeries"
          metrics = [
            [local.ns, "http.server.request.duration", "module", module, { stat = "SampleCount", label = "requests" }],
            [local.ns, "http.server.request.duration", "module", module, "status", "5xx", { stat = "SampleCount", label = "failed" }],
          ]
        },
        {
          title = "${module}: duration and what waits", view = "timeSeries"
          metrics = [
            [local.ns, "http.server.request.duration", "module", module, { stat = "p95", label = "requests p95, s" }],
            [local.ns, "handler.duration", "module", module, { stat = "p95", label = "handlers p95, s" }],
            [local.ns, "outbox.age", "module", module, { stat = "Maximum", label = "outbox age, s" }],
            [local.ns, "lane.backlog", "module", module, { stat = "Maximum", label = "backlog, s" }],
            [local.ns, "dead_letters", "module", module, { stat = "Maximum", label = "dead letters", yAxis = "right" }],
          ]
        },
      ]
    ]),
    [
      {
        title   = "Databases: CPU, percent", view = "timeSeries"
        metrics = [for database in values(var.databases) : ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", database.identifier, {}]]
      },
      {
        title   = "Databases: connections", view = "timeSeries"
        metrics = [for database in values(var.databases) : ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", database.identifier, {}]]
      },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          view    = widget.view
          region  = var.region
          period  = 60
          metrics = widget.metrics
        }
      }
    ]
  })
}
