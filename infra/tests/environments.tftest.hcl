# Each environment as a whole. Its plan is what tests/infra judges: who may do what, and what holds of every resource.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

mock_provider "aws" {
  alias           = "us_east_1"
  source          = "./tests/aws"
  override_during = plan
}

# Who may use which of them is judged.
override_resource {
  target          = module.platform.module.parameters_key.aws_kms_key.this
  override_during = plan
  values = {
    arn = "arn:aws:kms:eu-central-1:111122223333:key/77777777-2222-3333-4444-555555555555"
  }
}

override_resource {
  target          = module.platform.module.data_key.aws_kms_key.this
  override_during = plan
  values = {
    arn = "arn:aws:kms:eu-central-1:111122223333:key/66666666-2222-3333-4444-555555555555"
  }
}

variables {
  account_id              = "111122223333"
  region                  = "eu-central-1"
  hostname                = "orders.example.com"
  zone_id                 = "Z0123456789ABCDEFGHIJ"
  administrator_role_arns = { operators = "arn:aws:iam::111122223333:role/operators" }
  repository              = "example/genai-demo"
}

run "dev" {
  command = plan

  module {
    source = "./dev"
  }

  assert {
    condition     = yamldecode(output.overlay_values).spec.cluster == "genai-demo-dev"
    error_message = "Workloads: the overlay's values of dev come of one output"
  }

  assert {
    condition     = keys(yamldecode(output.overlay_values).spec.targetGroups) == ["platform"]
    error_message = "Cost: dev is everything in one process"
  }

  assert {
    condition     = !can(yamldecode(output.overlay_values).spec.settings.KAFKA_BROKERS)
    error_message = "MSK: dev has none"
  }
}

run "staging" {
  command = plan

  module {
    source = "./staging"
  }

  assert {
    condition     = yamldecode(output.overlay_values).spec.cluster == "genai-demo-staging"
    error_message = "Workloads: the overlay's values of staging come of one output"
  }

  assert {
    condition     = toset(keys(yamldecode(output.overlay_values).spec.targetGroups)) == toset(keys(jsondecode(file("../modules.json")).modules))
    error_message = "Workloads: staging runs a workload a module of modules.json"
  }
}

run "production" {
  command = plan

  module {
    source = "./production"
  }

  assert {
    condition     = yamldecode(output.overlay_values).spec.cluster == "genai-demo-production"
    error_message = "Workloads: the overlay's values of production come of one output"
  }

  assert {
    condition     = toset(keys(yamldecode(output.overlay_values).spec.targetGroups)) == toset(keys(jsondecode(file("../modules.json")).modules))
    error_message = "Workloads: production runs a workload a module of modules.json"
  }
}
