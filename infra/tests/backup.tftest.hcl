# Snapshots.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name          = "genai-demo-test"
  account_id    = "111122223333"
  resource_arns = ["arn:aws:rds:eu-central-1:111122223333:db:genai-demo-test-order"]
  key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "backup" {
  command = plan

  module {
    source = "./modules/backup"
  }

  assert {
    condition     = one(aws_backup_plan.this.rule).schedule == "cron(0 4 * * ? *)" && one(aws_backup_plan.this.rule).lifecycle[0].delete_after >= 35
    error_message = "Backup: every night a snapshot, kept for five weeks"
  }

  assert {
    condition     = toset(aws_backup_selection.databases.resources) == toset(var.resource_arns)
    error_message = "Backup: every database is in the plan"
  }

  assert {
    condition     = aws_backup_vault.this.kms_key_arn == var.key_arn && !aws_backup_vault.this.force_destroy
    error_message = "Backup: the vault is under a customer key"
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this.min_retention_days == 7
    error_message = "Backup: nobody empties the vault before a week is over"
  }
}
