output "repository_url" {
  description = "Of images."
  value       = aws_ecr_repository.this.repository_url
}

output "security_group_id" {
  description = "The group of builds."
  value       = aws_security_group.builds.id
}

output "deployer_role_arn" {
  description = "As whom the pipeline deploys."
  value       = aws_iam_role.step["deploy"].arn
}
