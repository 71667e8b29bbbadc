output "arn" {
  description = "Of the role."
  value       = aws_iam_role.this.arn
}
