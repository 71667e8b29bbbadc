# As production in everything that can go wrong, and smaller: a process and a database a module, brokers, what fails over.
module "platform" {
  source = "../modules/platform"
  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  environment        = "staging"
  cidr               = "10.20.0.0/16"
  asks_before_deploy = false

  nat_per_zone    = false
  endpoint_zones  = 2
  small_nodes     = true
  on_demand_nodes = { min = 2, max = 6 }
  spot_nodes      = { min = 2, max = 10 }

  database = {
    shared         = false
    instance_class = "db.t4g.medium"
    storage_gb     = 50
    multi_az       = true
  }
  kafka = {
    instance_type   = "kafka.t3.small"
    storage_gb      = 50
    retention_hours = 192
  }
  cache = {
    node_type = "cache.t4g.small"
    nodes     = 2
  }

  account_id               = var.account_id
  region                   = var.region
  zones                    = [for letter in ["a", "b", "c"] : "${var.region}${letter}"]
  hostname                 = var.hostname
  zone_id                  = var.zone_id
  administrator_role_arns  = var.administrator_role_arns
  alarm_emails             = var.alarm_emails
  repository               = var.repository
  graviton                 = var.graviton
  deletion_protection      = var.deletion_protection
  given_parameter_versions = var.given_parameter_versions
  given_parameters         = var.given_parameters
}
