# The two jobs that come before a release. Only the one that migrates reads the masters' passwords; only the other one makes
# topics.

locals {
  jobs = merge(
    {
      migrate = {
        description = "The job that migrates: it logs in as each instance's master."
        namespace   = var.namespace
        statements = concat(local.read_parameters["migrate"], [
          {
            Sid      = "Masters"
            Effect   = "Allow"
            Action   = ["secretsmanager:GetSecretValue"]
            Resource = var.master_secret_arns
          },
          {
            # A master that has made users of IAM may be asked for a token itself (docs/parameters-and-logins.md).
            Sid      = "MastersByToken"
            Effect   = "Allow"
            Action   = ["rds-db:connect"]
            Resource = var.master_login_arns
          },
          {
            Sid       = "MastersInClear"
            Effect    = "Allow"
            Action    = ["kms:Decrypt"]
            Resource  = [var.data_key_arn]
            Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
          },
        ])
      }
    },
    {
      for name in ["topics"] : name => {
        description = "The job that makes topics."
        namespace   = var.namespace
        statements = concat(local.read_parameters["topics"], [
          {
            Sid      = "Brokers"
            Effect   = "Allow"
            Action   = ["kafka-cluster:Connect"]
            Resource = [var.kafka.arn]
          },
          {
            Sid      = "Topics"
            Effect   = "Allow"
            Action   = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
            Resource = [for topic in sort(var.topics) : "${local.kafka_topics}/${topic}"]
          },
        ])
      } if var.kafka != null
    },
  )
}
