output "vault_name" {
  description = "Where recovery points are."
  value       = aws_backup_vault.this.name
}

output "role_arn" {
  description = "As whom AWS Backup restores."
  value       = aws_iam_role.this.arn
}
