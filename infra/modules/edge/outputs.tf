output "target_group_arns" {
  description = "By workload."
  value       = { for workload, group in aws_lb_target_group.this : workload => group.arn }
}

output "load_balancer" {
  description = "As metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "url" {
  description = "Where the platform is."
  value       = "https://${var.hostname}"
}
