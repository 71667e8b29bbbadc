# What Kubernetes has to know: the file values.yaml of the environment's overlay, as its comment says. Of the image only the
# repository is known here; the pipeline puts the digest in.

locals {
  kafka_settings = var.kafka == null ? {} : { KAFKA_BROKERS = module.kafka[0].brokers }
  zero_digest    = join("", [for _ in range(64) : "0"])

  overlay_values = {
    apiVersion = "genai-demo/v1"
    kind       = "Values"
    metadata = {
      name        = "values"
      annotations = { "config.kubernetes.io/local-config" = "true" }
    }
    spec = {
      region  = var.region
      cluster = local.name
      image   = "${module.pipeline.repository_url}@sha256:${local.zero_digest}"
      release = substr(local.zero_digest, 0, 12)
      settings = merge(
        { OIDC_ISSUER = module.identity.issuer, SERVICE_ISSUER = module.cluster.issuer_url },
        local.kafka_settings,
      )
      roles = {
        for account, arn in module.identity.role_arns : account => arn
        if contains(concat(keys(local.workloads), ["migrate", "topics", "adot-collector", "fluent-bit"]), account)
      }
      targetGroups = module.edge.target_group_arns
      peers = merge(
        {
          nodes        = [{ ipBlock = { cidr = module.network.tier_cidrs["nodes"] } }]
          databases    = [{ ipBlock = { cidr = module.network.tier_cidrs["databases"] } }]
          cache        = [{ ipBlock = { cidr = module.network.tier_cidrs["cache"] } }]
          awsEndpoints = [{ ipBlock = { cidr = module.network.tier_cidrs["endpoints"] } }]
          apiServer = [
            { ipBlock = { cidr = module.cluster.api_service_cidr } },
            { ipBlock = { cidr = module.network.tier_cidrs["control_plane"] } },
          ]
          # Cognito's keys and the cluster's are on the internet and have no addresses of their own.
          issuers = [{
            ipBlock = {
              cidr   = "0.0.0.0/0"
              except = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
            }
          }]
        },
        var.kafka == null ? {} : { brokers = [{ ipBlock = { cidr = module.network.tier_cidrs["brokers"] } }] },
      )
    }
  }
}

output "overlay_values" {
  description = "The text of k8s/overlays/<environment>/values/values.yaml."
  value       = "# Written by Terraform: terraform output -raw overlay_values.\n${yamlencode(local.overlay_values)}"
}

output "controller_role_arns" {
  description = "Of the controllers that k8s/bootstrap installs, by ServiceAccount."
  value       = { for account in ["aws-load-balancer-controller", "cluster-autoscaler", "argo-rollouts"] : account => module.identity.role_arns[account] }
}

output "open_parameters" {
  description = "What modules declare and nobody has given yet."
  value       = module.config.open
}

output "url" {
  description = "Where the platform is."
  value       = module.edge.url
}

output "repository_url" {
  description = "Of images."
  value       = module.pipeline.repository_url
}
