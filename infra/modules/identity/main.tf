# What each pod may do in AWS. One role a ServiceAccount, for that account alone; a list of statements a kind of account, in
# the files beside this one.

locals {
  accounts = merge(local.workloads, local.jobs, local.telemetry, local.controllers)
}

module "role" {
  source   = "../service-role"
  for_each = local.accounts

  name            = "${var.name}-${each.key}"
  description     = each.value.description
  issuer_arn      = var.issuer_arn
  issuer_url      = var.issuer_url
  namespace       = each.value.namespace
  service_account = each.key
  statements      = each.value.statements
}
