# Parameter Store: `<path>/<module>/<NAME>` and `<path>/shared/<NAME>`, NAME being the setting's. Everything is a SecureString
# under a customer key and written once (`value_wo`), so that no value is in a state file or a plan.

locals {
  # What Terraform knows, because it made it.
  known = merge(
    { for module, url in var.database_urls : "${module}/DATABASE_URL" => url },
    { for module, arn in var.master_secret_arns : "${module}/DATABASE_MASTER_SECRET" => arn },
    { for name, value in var.shared : "shared/${name}" => value },
  )
}

resource "aws_ssm_parameter" "known" {
  for_each = local.known

  name        = "${var.path}/${each.key}"
  description = "Written by Terraform."
  type        = "SecureString"
  key_id      = var.key_arn
  value_wo    = each.value
  # What is written once is written again when this changes: with the value.
  value_wo_version = parseint(substr(sha256(each.value), 0, 7), 16)
}

# What people give, such as secrets of webhooks. Its version is counted up by hand to write it again.
resource "aws_ssm_parameter" "given" {
  for_each = var.given_versions

  name             = "${var.path}/${each.key}"
  description      = "Given to Terraform as given_parameters."
  type             = "SecureString"
  key_id           = var.key_arn
  value_wo         = var.given[each.key]
  value_wo_version = each.value

  lifecycle {
    precondition {
      condition     = contains(var.parameters, each.key) || startswith(each.key, "shared/")
      error_message = "${each.key} is no parameter of a module (modules.json): give MODULE/NAME or shared/NAME."
    }
    precondition {
      condition     = !contains(keys(local.known), each.key)
      error_message = "${each.key} is written by Terraform itself: take it out of given_versions."
    }
  }
}
