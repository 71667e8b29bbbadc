output "brokers" {
  description = "Of the port for logins by IAM, separated by commas."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_iam
}

output "arn" {
  description = "Of the cluster. Topics and groups have ARNs with its name and its id."
  value       = aws_msk_cluster.this.arn
}

output "name" {
  description = "Of the cluster."
  value       = aws_msk_cluster.this.cluster_name
}
