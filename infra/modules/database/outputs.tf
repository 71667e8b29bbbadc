locals {
  # RDS's authorities lie in the image (Dockerfile).
  verified_tls = "sslmode=verify-full&sslrootcert=/etc/ssl/rds-roots.pem"

  # Which instance serves a module.
  instance_of = merge([
    for instance, modules in local.instances : { for module in modules : module => instance }
  ]...)
}

output "urls" {
  description = "Of each module's database, as its pods use it: without a password, which is a token of IAM."
  value = {
    for module, instance in local.instance_of :
    module => "postgres://${module}_app@${aws_db_instance.this[instance].endpoint}/${var.database_name}?${local.verified_tls}"
  }
}

output "login_arns" {
  description = "What a pod of a module may log in as, for rds-db:connect."
  value = {
    for module, instance in local.instance_of :
    module => "arn:aws:rds-db:${var.region}:${var.account_id}:dbuser:${aws_db_instance.this[instance].resource_id}/${module}_app"
  }
}

output "master_login_arns" {
  description = "Of each instance's master, for rds-db:connect: it may have to show a token once it has made users of IAM."
  value       = [for instance in aws_db_instance.this : "arn:aws:rds-db:${var.region}:${var.account_id}:dbuser:${instance.resource_id}/${instance.username}"]
}

output "master_secret_arns" {
  description = "By module: where RDS keeps the name and password of its instance's master."
  value       = { for module, instance in local.instance_of : module => aws_db_instance.this[instance].master_user_secret[0].secret_arn }
}

output "instances" {
  description = "Of each instance: what its alarms and its backup need."
  value = {
    for instance, database in aws_db_instance.this : instance => {
      arn             = database.arn
      identifier      = database.identifier
      max_connections = var.max_connections
    }
  }
}
