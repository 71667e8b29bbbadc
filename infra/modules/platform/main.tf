# One environment of the platform: the modules beside this one, and what they have to know of each other. What the platform
# consists of comes from modules.json, which `bun run modules` writes from the declarations in the code.

locals {
  registry = jsondecode(file("${path.module}/../../../modules.json"))
  engines  = jsondecode(file("${path.module}/../../engines.json"))
  modules  = toset(keys(local.registry.modules))

  name      = "genai-demo-${var.environment}"
  namespace = "genai-demo"

  # Which modules run in which pods; pages, documents and operations are in one of them.
  shape         = local.registry.shapes[var.shape]
  workloads     = { for workload in local.shape.workloads : workload.name => workload }
  edge_workload = one([for name, workload in local.workloads : name if workload.hasEdge])
}

module "data_key" {
  source = "../key"

  name        = "${local.name}-data"
  description = "Databases, brokers, cache, backups, images and artifacts of ${local.name}"
  account_id  = var.account_id
}

module "parameters_key" {
  source = "../key"

  name        = "${local.name}-parameters"
  description = "Parameters of ${local.name}"
  account_id  = var.account_id
}

module "cluster_key" {
  source = "../key"

  name        = "${local.name}-cluster"
  description = "Secrets of the cluster ${local.name}"
  account_id  = var.account_id
}

module "logs_key" {
  source = "../key"

  name        = "${local.name}-logs"
  description = "Logs, traces and notices of ${local.name}"
  account_id  = var.account_id
  log_regions = [var.region]
  services    = ["cloudwatch.amazonaws.com"]
}

module "edge_logs_key" {
  source = "../key"
  providers = {
    aws = aws.us_east_1
  }

  name        = "${local.name}-edge-logs"
  description = "Logs of ${local.name} at the edge"
  account_id  = var.account_id
  log_regions = ["us-east-1"]
}

module "network" {
  source = "../network"

  name               = local.name
  account_id         = var.account_id
  region             = var.region
  cidr               = var.cidr
  zones              = var.zones
  nat_per_zone       = var.nat_per_zone
  endpoint_zones     = var.endpoint_zones
  endpoint_clients   = { nodes = module.cluster.security_group_id, builds = module.pipeline.security_group_id }
  logs_key_arn       = module.logs_key.arn
  log_retention_days = var.log_retention_days
}

module "cluster" {
  source = "../cluster"

  name                     = local.name
  control_plane_subnet_ids = module.network.subnet_ids["control_plane"]
  node_subnet_ids          = module.network.subnet_ids["nodes"]
  key_arn                  = module.cluster_key.arn
  logs_key_arn             = module.logs_key.arn
  log_retention_days       = var.log_retention_days
  graviton                 = var.graviton
  small_nodes              = var.small_nodes
  on_demand_nodes          = var.on_demand_nodes
  spot_nodes               = var.spot_nodes
  administrator_role_arns  = var.administrator_role_arns
  group_role_arns          = { deployers = module.pipeline.deployer_role_arn }
  api_clients              = { builds = module.pipeline.security_group_id }
}

module "database" {
  source = "../database"

  name                     = local.name
  account_id               = var.account_id
  region                   = var.region
  modules                  = local.modules
  shared                   = var.database.shared
  engine_major             = local.engines.postgresql
  instance_class           = var.database.instance_class
  storage_gb               = var.database.storage_gb
  max_connections          = local.shape.maxConnections
  multi_az                 = var.database.multi_az
  deletion_protection      = var.deletion_protection
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.subnet_ids["databases"]
  client_security_group_id = module.cluster.security_group_id
  key_arn                  = module.data_key.arn
  logs_key_arn             = module.logs_key.arn
  log_retention_days       = var.log_retention_days
}

module "kafka" {
  source = "../kafka"
  count  = var.kafka == null ? 0 : 1

  name                     = local.name
  engine_version           = local.engines.kafka
  instance_type            = var.kafka.instance_type
  storage_gb               = var.kafka.storage_gb
  retention_hours          = var.kafka.retention_hours
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.subnet_ids["brokers"]
  client_security_group_id = module.cluster.security_group_id
  key_arn                  = module.data_key.arn
  logs_key_arn             = module.logs_key.arn
  log_retention_days       = var.log_retention_days
}

module "cache" {
  source = "../cache"

  name                     = local.name
  node_type                = var.cache.node_type
  nodes                    = var.cache.nodes
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.subnet_ids["cache"]
  client_security_group_id = module.cluster.security_group_id
  key_arn                  = module.data_key.arn
}

module "edge" {
  source = "../edge"
  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name                    = local.name
  environment             = var.environment
  account_id              = var.account_id
  hostname                = var.hostname
  zone_id                 = var.zone_id
  vpc_id                  = module.network.vpc_id
  subnet_ids              = module.network.subnet_ids["load_balancer"]
  nodes_security_group_id = module.cluster.security_group_id
  workload_paths          = { for name, workload in local.workloads : name => workload.paths }
  edge_workload           = local.edge_workload
  deletion_protection     = var.deletion_protection
  logs_key_arn            = module.logs_key.arn
  edge_logs_key_arn       = module.edge_logs_key.arn
  log_retention_days      = var.log_retention_days
}

module "config" {
  source = "../config"

  path               = var.parameter_path
  key_arn            = module.parameters_key.arn
  database_urls      = module.database.urls
  master_secret_arns = module.database.master_secret_arns
  shared = merge(
    # How pods log in at what is made here; where it is, if it is no secret, stands in the overlay's values.
    { DATABASE_LOGIN = "iam", REDIS_LOGIN = "iam", REDIS_URL = module.cache.url, REDIS_CACHE_NAME = module.cache.name },
    { for name, value in { KAFKA_SASL = "iam" } : name => value if var.kafka != null },
    module.identity.settings,
  )
  parameters     = flatten([for module, declared in local.registry.modules : [for name in declared.parameters : "${module}/${name}"]])
  given_versions = var.given_parameter_versions
  given          = var.given_parameters
}

module "identity" {
  source = "../identity"

  name                = local.name
  account_id          = var.account_id
  region              = var.region
  cluster_name        = module.cluster.name
  namespace           = local.namespace
  issuer_arn          = module.cluster.issuer_arn
  issuer_url          = module.cluster.issuer_url
  modules             = { for module, declared in local.registry.modules : module => { sends = declared.sends, subscribes = declared.subscribes } }
  topics              = toset(keys(local.registry.topics))
  workloads           = { for name, workload in local.workloads : name => toset(workload.modules) }
  kafka               = var.kafka == null ? null : { arn = module.kafka[0].arn }
  parameter_path      = var.parameter_path
  parameters_key_arn  = module.parameters_key.arn
  data_key_arn        = module.data_key.arn
  database_login_arns = module.database.login_arns
  master_login_arns   = module.database.master_login_arns
  master_secret_arns  = distinct(values(module.database.master_secret_arns))
  cache_login_arns    = module.cache.login_arns
  log_group_arns      = module.observability.log_group_arns
  target_group_arns   = module.edge.target_group_arns
  hostname            = var.hostname
}

module "observability" {
  source = "../observability"

  name               = local.name
  account_id         = var.account_id
  region             = var.region
  modules            = local.modules
  databases          = module.database.instances
  kafka_cluster      = var.kafka == null ? null : local.name
  cache              = module.cache.name
  load_balancer      = module.edge.load_balancer
  alarm_emails       = var.alarm_emails
  logs_key_arn       = module.logs_key.arn
  log_retention_days = var.log_retention_days
}

module "pipeline" {
  source = "../pipeline"

  name               = local.name
  environment        = var.environment
  account_id         = var.account_id
  region             = var.region
  repository         = var.repository
  branch             = var.branch
  asks_before_deploy = var.asks_before_deploy
  cluster_name       = local.name
  cluster_arn        = "arn:aws:eks:${var.region}:${var.account_id}:cluster/${local.name}"
  graviton           = var.graviton
  vpc_id             = module.network.vpc_id
  subnet_ids         = module.network.subnet_ids["build"]
  key_arn            = module.data_key.arn
  logs_key_arn       = module.logs_key.arn
  log_retention_days = var.log_retention_days
}

module "backup" {
  source = "../backup"

  name          = local.name
  account_id    = var.account_id
  resource_arns = [for instance in module.database.instances : instance.arn]
  key_arn       = module.data_key.arn
}
