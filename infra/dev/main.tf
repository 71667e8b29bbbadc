# The cheapest that works: everything in one process, without brokers, on one small database and mostly Spot. Nothing in it
# is doubled; what is lost is made again from the nightly snapshot.
module "platform" {
  source = "../modules/platform"
  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  environment        = "dev"
  cidr               = "10.10.0.0/16"
  asks_before_deploy = false
  shape              = "platform"

  nat_per_zone    = false
  endpoint_zones  = 1
  small_nodes     = true
  on_demand_nodes = { min = 1, max = 2 }
  spot_nodes      = { min = 1, max = 3 }

  database = {
    shared         = true
    instance_class = "db.t4g.small"
    storage_gb     = 20
    multi_az       = false
  }
  kafka = null
  cache = {
    node_type = "cache.t4g.micro"
    nodes     = 1
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
