output "role_arns" {
  description = "By ServiceAccount."
  value       = { for account, role in module.role : account => role.arn }
}

output "issuer" {
  description = "Of people's tokens."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "settings" {
  description = "How the application reads those tokens."
  value = {
    OIDC_AUDIENCE       = aws_cognito_user_pool_client.web.id
    OIDC_AUDIENCE_CLAIM = "client_id"
    OIDC_ROLE_CLAIM     = "cognito:groups"
    OIDC_ROLE_WITHOUT   = "customer"
    OIDC_SCOPE_PREFIX   = "${local.resource_server}/"
  }
}
