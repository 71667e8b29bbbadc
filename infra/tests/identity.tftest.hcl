# Roles of pods, and the pool of people. That each module reaches its own and nothing else is judged from the plan of each
# environment (tests/infra).

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name               = "genai-demo-test"
  account_id         = "111122223333"
  region             = "eu-central-1"
  cluster_name       = "genai-demo-test"
  namespace          = "genai-demo"
  issuer_arn         = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  issuer_url         = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  modules            = { order = { sends = ["orders"], subscribes = ["payments"] }, payment = { sends = ["payments"], subscribes = [] } }
  topics             = ["orders", "payments"]
  workloads          = { order = ["order"], payment = ["payment"] }
  kafka              = { arn = "arn:aws:kafka:eu-central-1:111122223333:cluster/genai-demo-test/0a1b2c3d-1" }
  parameter_path     = "/genai-demo"
  parameters_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/77777777-2222-3333-4444-555555555555"
  data_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/66666666-2222-3333-4444-555555555555"
  database_login_arns = {
    order   = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ONE/order_app"
    payment = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-TWO/payment_app"
  }
  master_login_arns  = ["arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ONE/master"]
  master_secret_arns = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1"]
  cache_login_arns   = ["arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:genai-demo-test"]
  log_group_arns     = { application = "arn:aws:logs:eu-central-1:111122223333:log-group:a", metrics = "arn:aws:logs:eu-central-1:111122223333:log-group:m" }
  target_group_arns  = { order = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/order/1" }
  hostname           = "orders.example.com"
}

run "identity" {
  command = plan

  module {
    source = "./modules/identity"
  }

  assert {
    condition = toset(keys(output.role_arns)) == toset([
      "order", "payment", "migrate", "topics", "adot-collector", "fluent-bit",
      "aws-load-balancer-controller", "cluster-autoscaler", "argo-rollouts",
    ])
    error_message = "Workloads: each ServiceAccount has a role of its own"
  }

  assert {
    condition     = local.accounts["fluent-bit"].namespace == "genai-demo-logs" && local.accounts["adot-collector"].namespace == "genai-demo"
    error_message = "Logs: Fluent Bit's role is its account's, in the namespace where it is"
  }

  assert {
    condition = alltrue([
      for account, role in local.accounts :
      !anytrue([for statement in role.statements : contains(statement.Action, "secretsmanager:GetSecretValue")]) || account == "migrate"
    ])
    error_message = "Migrations: the migrating job alone reads the masters' passwords"
  }

  assert {
    condition = alltrue([
      for account, role in local.accounts :
      !anytrue([for statement in role.statements : contains(statement.Action, "kafka-cluster:CreateTopic")]) || account == "topics"
    ])
    error_message = "MSK: the topics job alone makes topics"
  }

  assert {
    condition     = [for statement in local.accounts["argo-rollouts"].statements : statement.Action] == [["cloudwatch:GetMetricData"]]
    error_message = "Argo Rollouts: the controller reads metrics, for the rate of success after a switch, and nothing else"
  }

  assert {
    condition = alltrue([
      for statement in local.accounts["aws-load-balancer-controller"].statements :
      statement.Resource != "*" || alltrue([for action in statement.Action : strcontains(action, ":Describe")])
    ])
    error_message = "ALB: the controller puts nodes into these target groups, and makes and changes nothing else"
  }

  assert {
    condition = alltrue([
      for statement in local.accounts["cluster-autoscaler"].statements :
      try(statement.Condition.StringEquals["aws:ResourceTag/k8s.io/cluster-autoscaler/genai-demo-test"] == "owned", false)
      if contains(statement.Action, "autoscaling:SetDesiredCapacity")
    ])
    error_message = "Autoscaling: the node autoscaler changes this cluster's groups alone"
  }

  assert {
    condition     = toset(flatten([for statement in local.accounts["adot-collector"].statements : statement.Action if statement.Sid == "Traces"])) == toset(["xray:PutTelemetryRecords", "xray:PutTraceSegments"])
    error_message = "Traces: the collector may write segments and read none"
  }

  assert {
    condition     = [for statement in local.accounts["adot-collector"].statements : statement.Resource if statement.Sid == "Metrics"] == [["${var.log_group_arns.metrics}:*"]]
    error_message = "Metrics: the collector writes to the metrics' log group and no other"
  }

  assert {
    condition     = [for statement in local.accounts["fluent-bit"].statements : statement.Resource] == [["${var.log_group_arns.application}:*"]]
    error_message = "Logs: Fluent Bit writes to the application's log group and no other"
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE" && aws_cognito_user_pool.this.password_policy[0].minimum_length >= 14
    error_message = "Identity: people are in a pool that nobody deletes by mistake"
  }

  assert {
    condition     = !aws_cognito_user_pool_client.web.generate_secret && tolist(aws_cognito_user_pool_client.web.allowed_oauth_flows) == tolist(["code"])
    error_message = "Identity: browsers get tokens by codes, and hold no secret"
  }

  assert {
    condition     = output.settings.OIDC_AUDIENCE == aws_cognito_user_pool_client.web.id && output.settings.OIDC_AUDIENCE_CLAIM == "client_id" && output.settings.OIDC_ROLE_CLAIM == "cognito:groups"
    error_message = "Identity: the application is told where Cognito's tokens name their audience and role"
  }

  assert {
    condition = toset([for scope in aws_cognito_resource_server.this.scope : scope.scope_name]) == toset([
      "order:read", "order:write", "payment:read", "payment:write", "ops:read", "ops:write",
    ])
    error_message = "Identity: operators' scopes are the modules'"
  }
}

run "one_process" {
  command = plan

  module {
    source = "./modules/identity"
  }

  variables {
    workloads = { platform = ["order", "payment"] }
    kafka     = null
  }

  assert {
    condition = (
      contains(keys(output.role_arns), "platform")
      && !contains(keys(output.role_arns), "topics")
      && !strcontains(jsonencode(local.accounts), "kafka-cluster:")
    )
    error_message = "MSK: where everything is in one process nobody has a right at brokers"
  }
}
