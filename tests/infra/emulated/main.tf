# The modules of infra/ that an emulated AWS takes, wired as modules/platform wires them. It is applied by `verify infra
# --full` and by nobody else.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

# The server's address comes from AWS_ENDPOINT_URL.
provider "aws" {
  region                      = local.region
  access_key                  = "emulated"
  secret_key                  = "emulated"
  max_retries                 = 2
  s3_use_path_style           = true
  skip_metadata_api_check     = true
  skip_credentials_validation = true
  allowed_account_ids         = [local.account_id]
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "emulated"
  secret_key                  = "emulated"
  max_retries                 = 2
  s3_use_path_style           = true
  skip_metadata_api_check     = true
  skip_credentials_validation = true
}

locals {
  # The server's only account.
  account_id = "123456789012"
  region     = "eu-central-1"
  name       = "genai-demo-emulated"
  registry   = jsondecode(file("${path.module}/../../modules.json"))
  engines    = jsondecode(file("${path.module}/../engines.json"))
  modules    = toset(keys(local.registry.modules))
  brokers    = "arn:aws:kafka:${local.region}:${local.account_id}:cluster/${local.name}/0a1b2c3d-1"
}

# The server's clusters have no group of their own, and forget how people get into them.
resource "aws_iam_openid_connect_provider" "issuer" {
  url            = "https://oidc.eks.${local.region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_security_group" "nodes" {
  name        = "${local.name}-nodes"
  description = "In the place of the cluster's group"
  vpc_id      = module.network.vpc_id
}

resource "aws_route53_zone" "this" {
  name = "example.com"
}

module "data_key" {
  source = "../modules/key"

  name        = "${local.name}-data"
  description = "Databases"
  account_id  = local.account_id
}

module "parameters_key" {
  source = "../modules/key"

  name        = "${local.name}-parameters"
  description = "Parameters"
  account_id  = local.account_id
}

module "logs_key" {
  source = "../modules/key"

  name        = "${local.name}-logs"
  description = "Logs"
  account_id  = local.account_id
  log_regions = [local.region]
  services    = ["cloudwatch.amazonaws.com"]
}

module "network" {
  source = "../modules/network"

  name               = local.name
  account_id         = local.account_id
  region             = local.region
  cidr               = "10.99.0.0/16"
  zones              = ["${local.region}a", "${local.region}b", "${local.region}c"]
  nat_per_zone       = false
  endpoint_zones     = 1
  endpoint_clients   = { nodes = aws_security_group.nodes.id, builds = module.pipeline.security_group_id }
  endpoint_services  = ["ssm", "sts"]
  logs_key_arn       = module.logs_key.arn
  log_retention_days = 365
}

module "cluster" {
  source = "../modules/cluster"

  name                     = local.name
  control_plane_subnet_ids = module.network.subnet_ids["control_plane"]
  node_subnet_ids          = module.network.subnet_ids["nodes"]
  key_arn                  = module.data_key.arn
  logs_key_arn             = module.logs_key.arn
  log_retention_days       = 365
  graviton                 = true
  small_nodes              = true
  on_demand_nodes          = { min = 1, max = 2 }
  spot_nodes               = { min = 1, max = 2 }
  administrator_role_arns  = { operators = "arn:aws:iam::${local.account_id}:role/operators" }
  group_role_arns          = {}
  api_clients              = { builds = module.pipeline.security_group_id }
}

# One instance: of several the server gives all the same id.
module "database" {
  source = "../modules/database"

  name                     = local.name
  account_id               = local.account_id
  region                   = local.region
  modules                  = local.modules
  shared                   = true
  engine_major             = local.engines.postgresql
  instance_class           = "db.t4g.small"
  storage_gb               = 20
  max_connections          = 150
  multi_az                 = false
  deletion_protection      = false
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.subnet_ids["databases"]
  client_security_group_id = aws_security_group.nodes.id
  key_arn                  = module.data_key.arn
  logs_key_arn             = module.logs_key.arn
  log_retention_days       = 365
}

module "config" {
  source = "../modules/config"

  path               = "/genai-demo"
  key_arn            = module.parameters_key.arn
  database_urls      = module.database.urls
  master_secret_arns = module.database.master_secret_arns
  shared             = { REDIS_URL = "rediss://${local.name}@cache.invalid:6379" }
  parameters         = flatten([for module, declared in local.registry.modules : [for name in declared.parameters : "${module}/${name}"]])
  given_versions     = {}
  given              = {}
}

module "identity" {
  source = "../modules/identity"

  name                = local.name
  account_id          = local.account_id
  region              = local.region
  cluster_name        = local.name
  namespace           = "genai-demo"
  issuer_arn          = aws_iam_openid_connect_provider.issuer.arn
  issuer_url          = "https://${aws_iam_openid_connect_provider.issuer.url}"
  modules             = { for module, declared in local.registry.modules : module => { sends = declared.sends, subscribes = declared.subscribes } }
  topics              = toset(keys(local.registry.topics))
  workloads           = { for module in local.modules : module => [module] }
  kafka               = { arn = local.brokers }
  parameter_path      = "/genai-demo"
  parameters_key_arn  = module.parameters_key.arn
  data_key_arn        = module.data_key.arn
  database_login_arns = module.database.login_arns
  master_login_arns   = module.database.master_login_arns
  master_secret_arns  = distinct(values(module.database.master_secret_arns))
  cache_login_arns    = ["arn:aws:elasticache:${local.region}:${local.account_id}:replicationgroup:${local.name}"]
  log_group_arns      = module.observability.log_group_arns
  target_group_arns   = module.edge.target_group_arns
  hostname            = "orders.example.com"
}

module "observability" {
  source = "../modules/observability"

  name               = local.name
  account_id         = local.account_id
  region             = local.region
  modules            = local.modules
  databases          = module.database.instances
  kafka_cluster      = local.name
  cache              = local.name
  load_balancer      = module.edge.load_balancer
  alarm_emails       = []
  logs_key_arn       = module.logs_key.arn
  log_retention_days = 365
}

module "edge" {
  source = "../modules/edge"
  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name                    = local.name
  environment             = "emulated"
  account_id              = local.account_id
  hostname                = "orders.example.com"
  zone_id                 = aws_route53_zone.this.zone_id
  vpc_id                  = module.network.vpc_id
  subnet_ids              = module.network.subnet_ids["load_balancer"]
  nodes_security_group_id = aws_security_group.nodes.id
  workload_paths          = { for module, declared in local.registry.modules : module => declared.paths }
  edge_workload           = local.registry.edge.host
  deletion_protection     = false
  logs_key_arn            = module.logs_key.arn
  edge_logs_key_arn       = module.logs_key.arn
  log_retention_days      = 365
}

module "pipeline" {
  source = "../modules/pipeline"

  name               = local.name
  environment        = "emulated"
  account_id         = local.account_id
  region             = local.region
  repository         = "example/genai-demo"
  branch             = "main"
  asks_before_deploy = false
  cluster_name       = local.name
  cluster_arn        = "arn:aws:eks:${local.region}:${local.account_id}:cluster/${local.name}"
  graviton           = true
  vpc_id             = module.network.vpc_id
  subnet_ids         = module.network.subnet_ids["build"]
  key_arn            = module.data_key.arn
  logs_key_arn       = module.logs_key.arn
  log_retention_days = 365
}

module "backup" {
  source = "../modules/backup"

  name          = local.name
  account_id    = local.account_id
  resource_arns = [for instance in module.database.instances : instance.arn]
  key_arn       = module.data_key.arn
}
