# A workload reads its modules' parameters, logs in to their databases, and writes and reads the topics that they declare. Of
# the other modules it sees nothing.

locals {
  parameter_prefix = "arn:aws:ssm:${var.region}:${var.account_id}:parameter${var.parameter_path}"
  # Reading a path asks for the right to the path itself and to what is below it. `order*` would be `orders` as well.
  paths_of = {
    for name, parts in merge(
      { for workload, modules in var.workloads : workload => concat(sort(modules), ["shared"]) },
      { migrate = concat(keys(var.modules), ["shared"]), topics = ["shared"] },
    ) : name => flatten([for part in parts : ["${local.parameter_prefix}/${part}", "${local.parameter_prefix}/${part}/*"]])
  }
  read_parameters = {
    for name, paths in local.paths_of : name => [
      {
        Sid      = "OwnParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParametersByPath"]
        Resource = paths
      },
      {
        Sid       = "OwnParametersInClear"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [var.parameters_key_arn]
        Condition = { StringLike = { "kms:EncryptionContext:PARAMETER_ARN" = [for path in paths : path if endswith(path, "/*")] } }
      },
    ]
  }

  # Topics and groups of an MSK cluster: arn:…:topic/CLUSTER/ID/NAME.
  kafka_topics = var.kafka == null ? "" : replace(var.kafka.arn, ":cluster/", ":topic/")
  kafka_groups = var.kafka == null ? "" : replace(var.kafka.arn, ":cluster/", ":group/")

  use_kafka = {
    for name, modules in var.workloads : name => [
      for statement in [
        {
          Sid      = "Brokers"
          Effect   = "Allow"
          Action   = ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"]
          Resource = [try(var.kafka.arn, "")]
        },
        {
          Sid      = "Sends"
          Effect   = "Allow"
          Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
          Resource = sort(distinct(flatten([for module in modules : [for topic in var.modules[module].sends : "${local.kafka_topics}/${topic}"]])))
        },
        {
          Sid      = "Subscribes"
          Effect   = "Allow"
          Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"]
          Resource = sort(distinct(flatten([for module in modules : [for topic in var.modules[module].subscribes : "${local.kafka_topics}/${topic}"]])))
        },
        {
          Sid      = "OwnGroups"
          Effect   = "Allow"
          Action   = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
          Resource = [for module in sort(modules) : "${local.kafka_groups}/genai-demo.${module}"]
        },
      ] : statement if var.kafka != null && length(statement.Resource) > 0
    ]
  }

  workloads = {
    for name, modules in var.workloads : name => {
      description = "Pods of ${name}: parameters, databases and topics of ${join(", ", sort(modules))}."
      namespace   = var.namespace
      statements = concat(
        local.read_parameters[name],
        [
          {
            Sid      = "OwnDatabases"
            Effect   = "Allow"
            Action   = ["rds-db:connect"]
            Resource = [for module in sort(modules) : var.database_login_arns[module]]
          },
          {
            Sid      = "Cache"
            Effect   = "Allow"
            Action   = ["elasticache:Connect"]
            Resource = var.cache_login_arns
          },
        ],
        local.use_kafka[name],
      )
    }
  }
}
