# The databases: what is encrypted, who logs in how, what is left when something goes.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name                     = "genai-demo-test"
  account_id               = "111122223333"
  region                   = "eu-central-1"
  modules                  = ["order", "payment", "inventory"]
  shared                   = false
  engine_major             = "18"
  instance_class           = "db.m7g.large"
  storage_gb               = 100
  max_connections          = 400
  multi_az                 = true
  vpc_id                   = "vpc-0a1b2c3d4e5f60718"
  subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group_id = "sg-11111111"
  key_arn                  = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn             = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  log_retention_days       = 365
}

run "database" {
  command = plan

  module {
    source = "./modules/database"
  }

  override_resource {
    target          = terraform_data.final_snapshot
    override_during = plan
    values = {
      id = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    }
  }

  assert {
    condition     = toset(keys(aws_db_instance.this)) == var.modules
    error_message = "RDS PostgreSQL: an instance a module"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.engine == "postgres" && instance.engine_version == "18"]) && aws_db_parameter_group.this.family == "postgres18"
    error_message = "RDS PostgreSQL: the major version is the tests', and its parameters are of the same"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : !instance.publicly_accessible])
    error_message = "RDS PostgreSQL: no instance has a public address"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.storage_encrypted && instance.kms_key_id == var.key_arn])
    error_message = "RDS PostgreSQL: storage is encrypted under a customer key"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.storage_type == "gp3"])
    error_message = "RDS PostgreSQL: storage is gp3"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.multi_az])
    error_message = "RDS PostgreSQL: a standby waits in another zone"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.manage_master_user_password == true && instance.password == null && instance.master_user_secret_kms_key_id == var.key_arn])
    error_message = "RDS PostgreSQL: the master's password is RDS's own and in no state"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.iam_database_authentication_enabled])
    error_message = "RDS PostgreSQL: pods log in with tokens of IAM"
  }

  assert {
    condition     = output.login_arns["order"] == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/order_app"
    error_message = "RDS PostgreSQL: a pod logs in as its module's own user"
  }

  assert {
    condition     = startswith(output.urls["order"], "postgres://order_app@some-database.abcdefghijkl.eu-central-1.rds.amazonaws.com:5432/genai_demo?")
    error_message = "RDS PostgreSQL: a module's URL names its user and holds no password"
  }

  assert {
    condition     = endswith(output.urls["order"], "?sslmode=verify-full&sslrootcert=/etc/ssl/rds-roots.pem")
    error_message = "TLS: pods check PostgreSQL's certificate against RDS's authorities, and its name"
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"], "1")
    error_message = "TLS: PostgreSQL refuses a connection in clear"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.ca_cert_identifier == "rds-ca-rsa2048-g1"])
    error_message = "TLS: PostgreSQL's certificate is of the authority that the image knows"
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "max_connections"], "400")
    error_message = "Autoscaling: how many connections an instance takes is said, so that pods can be counted against it"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.backup_retention_period >= 7 && instance.backup_window != null && instance.maintenance_window != null])
    error_message = "RDS PostgreSQL: backups reach back seven days, in a window of their own"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.deletion_protection])
    error_message = "RDS PostgreSQL: nobody deletes an instance by mistake"
  }

  assert {
    condition = alltrue([for instance in aws_db_instance.this : !instance.skip_final_snapshot]) && alltrue([
      for name, instance in aws_db_instance.this : strcontains(instance.final_snapshot_identifier, "${name}-final-")
    ])
    error_message = "RDS PostgreSQL: what is deleted leaves a snapshot with a name of its own"
  }

  assert {
    condition     = alltrue([for instance in aws_db_instance.this : instance.performance_insights_enabled && instance.performance_insights_kms_key_id == var.key_arn])
    error_message = "RDS PostgreSQL: performance insights are kept under the same key"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.clients.referenced_security_group_id == "sg-11111111"
      && aws_vpc_security_group_ingress_rule.clients.cidr_ipv4 == null
      && aws_vpc_security_group_ingress_rule.clients.from_port == 5432
      && aws_vpc_security_group_ingress_rule.clients.to_port == 5432
    )
    error_message = "Security groups: databases admit the cluster's group, on their port"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 365 && group.kms_key_id == var.logs_key_arn]) && length(aws_cloudwatch_log_group.this) == 6
    error_message = "Logs: PostgreSQL's have a retention and the logs' key"
  }
}

run "shared_database" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    shared = true
  }

  assert {
    condition     = keys(aws_db_instance.this) == ["shared"] && length(output.urls) == 3 && output.login_arns["payment"] == "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/payment_app"
    error_message = "RDS PostgreSQL: a small installation shares one instance, each module with its own user"
  }
}
