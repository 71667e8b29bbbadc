# PostgreSQL: an instance a module, or one for all where that is enough. Each module has a database of its own name's schema;
# pods log in with tokens of IAM as `<module>_app`, which the migration job makes, and only that job may read the master's
# password. It is kept and changed by RDS, and is in no state file.

locals {
  # What is shared serves every module. By name: which modules an instance serves.
  instances = var.shared ? { shared = var.modules } : { for module in var.modules : module => toset([module]) }
  family    = "postgres${var.engine_major}"
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Databases of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-databases"
  description = "PostgreSQL of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-databases" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL, from nodes and pods"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-${local.family}-"
  family      = local.family
  description = "PostgreSQL of ${var.name}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Pods of two colours and the jobs fit into four fifths of it (verify k8s).
  parameter {
    name         = "max_connections"
    value        = tostring(var.max_connections)
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  # Statements are written without their values: those are customers'.
  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = merge([
    for instance in keys(local.instances) : {
      for log in ["postgresql", "upgrade"] : "${instance}/${log}" => { instance = instance, log = log }
    }
  ]...)

  name              = "/aws/rds/instance/${var.name}-${each.value.instance}/${each.value.log}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

# A snapshot's name is taken for good, so the last one of an instance is named by chance, once for each instance there was.
resource "terraform_data" "final_snapshot" {
  for_each = local.instances

  triggers_replace = [var.name, var.key_arn, aws_db_subnet_group.this.name]
}

resource "aws_db_instance" "this" {
  for_each = local.instances

  identifier     = "${var.name}-${each.key}"
  engine         = "postgres"
  engine_version = var.engine_major
  instance_class = var.instance_class
  db_name        = var.database_name
  port           = 5432

  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 10
  storage_encrypted     = true
  kms_key_id            = var.key_arn

  username                            = "master"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.key_arn
  iam_database_authentication_enabled = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"

  multi_az               = var.multi_az
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name

  # One window after the other, while few order.
  backup_retention_period    = 7
  backup_window              = "02:00-02:45"
  maintenance_window         = "sun:03:00-sun:04:00"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  delete_automated_backups   = false
  deletion_protection        = var.deletion_protection
  skip_final_snapshot        = false
  final_snapshot_identifier  = "${var.name}-${each.key}-final-${terraform_data.final_snapshot[each.key].id}"

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.key_arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  tags = { backup = var.name, module = var.shared ? "all" : each.key }

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_iam_role" "monitoring" {
  name        = "${var.name}-database-monitoring"
  description = "RDS writes what the operating system of an instance does."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
