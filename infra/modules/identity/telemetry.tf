# What is told of the platform goes through these two, so that no workload needs a right for it.

locals {
  telemetry = {
    adot-collector = {
      description = "The collector: traces to X-Ray, metrics to one log group."
      namespace   = var.namespace
      statements = [
        {
          Sid    = "Traces"
          Effect = "Allow"
          Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
          # X-Ray has nothing that could be named.
          Resource  = "*"
          Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
        },
        {
          Sid      = "Metrics"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
          Resource = ["${var.log_group_arns.metrics}:*"]
        },
      ]
    }
    fluent-bit = {
      description = "Logs of all pods to one log group."
      namespace   = "${var.namespace}-logs"
      statements = [{
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${var.log_group_arns.application}:*"]
      }]
    }
  }
}
