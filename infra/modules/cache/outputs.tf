output "url" {
  description = "Without a password, which is a token of IAM."
  value       = "rediss://${aws_elasticache_user.pods.user_name}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}

output "name" {
  description = "What a token is signed for."
  value       = aws_elasticache_replication_group.this.replication_group_id
}

output "login_arns" {
  description = "The group and its user, for elasticache:Connect."
  value       = [aws_elasticache_replication_group.this.arn, aws_elasticache_user.pods.arn]
}
