# People and their clients: a pool of Cognito. Its access tokens name the client in `client_id` and have no `aud`, roles are
# groups, and scopes stand behind the resource server's name; the application is told so by its OIDC_ settings.

locals {
  resource_server = "genai-demo"
  # Of operators (docs/rights.md).
  scopes = merge([
    for part in concat(keys(var.modules), ["ops"]) : {
      "${part}:read"  = "Read what belongs to ${part}"
      "${part}:write" = "Change what belongs to ${part}"
    }
  ]...)
}

resource "aws_cognito_user_pool" "this" {
  name                     = var.name
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "ACTIVE"
  mfa_configuration        = "OPTIONAL"

  software_token_mfa_configuration {
    enabled = true
  }

  username_configuration {
    case_sensitive = false
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 3
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
}

resource "aws_cognito_user_group" "operator" {
  name         = "operator"
  description  = "Operators. Who is in no group is a customer."
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_resource_server" "this" {
  identifier   = local.resource_server
  name         = "genai-demo"
  user_pool_id = aws_cognito_user_pool.this.id

  dynamic "scope" {
    for_each = local.scopes
    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  domain       = "${var.name}-${var.account_id}"
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_user_pool_client" "web" {
  name         = "web"
  user_pool_id = aws_cognito_user_pool.this.id

  # Runs in a browser, which keeps no secret: codes with PKCE.
  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes = concat(
    ["openid", "email"],
    [for scope in keys(local.scopes) : "${aws_cognito_resource_server.this.identifier}/${scope}"],
  )
  supported_identity_providers  = ["COGNITO"]
  callback_urls                 = ["https://${var.hostname}/"]
  logout_urls                   = ["https://${var.hostname}/"]
  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  access_token_validity  = 15
  id_token_validity      = 15
  refresh_token_validity = 12
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }
}
