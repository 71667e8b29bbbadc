output "log_group_arns" {
  description = "By application and metrics."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.arn }
}

output "alarms_topic_arn" {
  description = "Where alarms are told."
  value       = aws_sns_topic.alarms.arn
}
