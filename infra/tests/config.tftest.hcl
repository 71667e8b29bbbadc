# Parameter Store.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  path               = "/genai-demo"
  key_arn            = "arn:aws:kms:eu-central-1:111122223333:key/77777777-2222-3333-4444-555555555555"
  database_urls      = { order = "postgres://order_app@one:5432/genai_demo", payment = "postgres://payment_app@two:5432/genai_demo" }
  master_secret_arns = { order = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1" }
  shared             = { REDIS_URL = "rediss://genai-demo@cache:6379" }
  parameters         = ["order/DATABASE_URL", "payment/DATABASE_URL", "payment/WEBHOOK_SECRETS"]
  given_versions     = { "payment/WEBHOOK_SECRETS" = 2 }
  given              = { "payment/WEBHOOK_SECRETS" = "0123456789abcdef" }
}

run "config" {
  command = plan

  module {
    source = "./modules/config"
  }

  assert {
    condition = (
      toset(concat([for parameter in aws_ssm_parameter.known : parameter.name], [for parameter in aws_ssm_parameter.given : parameter.name]))
      == toset(["/genai-demo/order/DATABASE_URL", "/genai-demo/order/DATABASE_MASTER_SECRET", "/genai-demo/payment/DATABASE_URL", "/genai-demo/shared/REDIS_URL", "/genai-demo/payment/WEBHOOK_SECRETS"])
    )
    error_message = "Parameter Store: each parameter is at its module's path, or at the shared one"
  }

  assert {
    condition     = alltrue([for parameter in concat(values(aws_ssm_parameter.known), values(aws_ssm_parameter.given)) : parameter.type == "SecureString"])
    error_message = "Parameter Store: every parameter is a SecureString"
  }

  assert {
    condition     = alltrue([for parameter in concat(values(aws_ssm_parameter.known), values(aws_ssm_parameter.given)) : parameter.key_id == var.key_arn])
    error_message = "Parameter Store: every parameter is under a customer key"
  }

  assert {
    condition = alltrue([
      for parameter in concat(values(aws_ssm_parameter.known), values(aws_ssm_parameter.given)) :
      try(parameter.value_wo_version > 0, false)
    ])
    error_message = "Parameter Store: values are written and in no state"
  }

  assert {
    condition     = aws_ssm_parameter.given["payment/WEBHOOK_SECRETS"].value_wo_version == 2
    error_message = "Parameter Store: what people give is written again when its version is counted up"
  }

  assert {
    condition     = length(output.open) == 0
    error_message = "Parameter Store: what is given is not asked for"
  }
}

run "still_open" {
  command = plan

  module {
    source = "./modules/config"
  }

  variables {
    given_versions = {}
    given          = {}
  }

  assert {
    condition     = output.open == tolist(["payment/WEBHOOK_SECRETS"])
    error_message = "Parameter Store: what is declared and not given is named"
  }
}

run "nobodys" {
  command = plan

  module {
    source = "./modules/config"
  }

  variables {
    given_versions = { "payment/WEBHOOK_SECRET" = 1 }
    given          = { "payment/WEBHOOK_SECRET" = "0123456789abcdef" }
  }

  expect_failures = [aws_ssm_parameter.given]
}
