# Customer keys.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name        = "genai-demo-test-logs"
  description = "Logs"
  account_id  = "111122223333"
  log_regions = ["eu-central-1"]
  services    = ["cloudwatch.amazonaws.com"]
}

run "key" {
  command = plan

  module {
    source = "./modules/key"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "Parameter Store: keys are turned over each year, and a deleted one can be had back for a month"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this.policy).Statement :
      can(statement.Condition) || statement.Principal == { AWS = "arn:aws:iam::111122223333:root" }
    ])
    error_message = "Identity: a key serves this account and services that work for it"
  }

  assert {
    condition     = strcontains(aws_kms_key.this.policy, "arn:aws:logs:eu-central-1:111122223333:*")
    error_message = "Logs: CloudWatch Logs encrypts with the key, for this account's groups"
  }
}
