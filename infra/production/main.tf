# Six workloads, six databases, three brokers, over three zones.
module "platform" {
  source = "../modules/platform"
  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  environment        = "production"
  cidr               = "10.30.0.0/16"
  asks_before_deploy = true

  nat_per_zone    = true
  endpoint_zones  = 3
  small_nodes     = false
  on_demand_nodes = { min = 3, max = 12 }
  spot_nodes      = { min = 3, max = 30 }

  database = {
    shared         = false
    instance_class = "db.m7g.large"
    storage_gb     = 100
    multi_az       = true
  }
  kafka = {
    instance_type   = "kafka.m7g.large"
    storage_gb      = 250
    retention_hours = 240
  }
  cache = {
    node_type = "cache.m7g.large"
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
