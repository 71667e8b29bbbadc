# From a commit to pods: source, test, image, deploy. Each step is a build of its own with a role of its own; only the last
# one reaches the cluster, and only the one before it writes images. What a step does stands in infra/pipeline/<step>.yaml.

locals {
  steps = {
    test   = { privileged = false, size = "BUILD_GENERAL1_LARGE", timeout_minutes = 60 }
    image  = { privileged = true, size = "BUILD_GENERAL1_MEDIUM", timeout_minutes = 30 }
    deploy = { privileged = false, size = "BUILD_GENERAL1_SMALL", timeout_minutes = 60 }
  }

  # A build's interfaces in the VPC.
  in_vpc = [
    {
      Sid       = "InterfacesLook"
      Effect    = "Allow"
      Action    = ["ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    },
    {
      Sid    = "Interfaces"
      Effect = "Allow"
      Action = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
      Resource = concat(
        ["arn:aws:ec2:${var.region}:${var.account_id}:network-interface/*"],
        [for subnet in var.subnet_ids : "arn:aws:ec2:${var.region}:${var.account_id}:subnet/${subnet}"],
        ["arn:aws:ec2:${var.region}:${var.account_id}:security-group/${aws_security_group.builds.id}"],
      )
    },
    {
      Sid      = "InterfacesForBuilds"
      Effect   = "Allow"
      Action   = ["ec2:CreateNetworkInterfacePermission"]
      Resource = ["arn:aws:ec2:${var.region}:${var.account_id}:network-interface/*"]
      Condition = {
        StringEquals = { "ec2:AuthorizedService" = "codebuild.amazonaws.com" }
        ArnEquals    = { "ec2:Subnet" = [for subnet in var.subnet_ids : "arn:aws:ec2:${var.region}:${var.account_id}:subnet/${subnet}"] }
      }
    },
  ]

  own = {
    for step in keys(local.steps) : step => [
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.step[step].arn}:*"]
      },
      {
        Sid      = "Artifacts"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = ["arn:aws:s3:::${aws_s3_bucket.artifacts.bucket}/*"]
      },
      {
        Sid      = "ArtifactsInClear"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [var.key_arn]
      },
    ]
  }

  registry_login = {
    Sid       = "RegistryLogin"
    Effect    = "Allow"
    Action    = ["ecr:GetAuthorizationToken"]
    Resource  = "*"
    Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
  }

  statements = {
    test = concat(local.in_vpc, local.own["test"])
    image = concat(local.in_vpc, local.own["image"], [
      local.registry_login,
      {
        Sid    = "Push"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:DescribeImageScanFindings",
          "ecr:DescribeImages",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = [aws_ecr_repository.this.arn]
      },
    ])
    deploy = concat(local.in_vpc, local.own["deploy"], [
      {
        Sid      = "Cluster"
        Effect   = "Allow"
        Action   = ["eks:DescribeCluster"]
        Resource = [var.cluster_arn]
      },
    ])
  }
}

resource "aws_security_group" "builds" {
  name        = "${var.name}-builds"
  description = "Builds of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-builds" }
}

# Packages, endpoints of AWS, and the API server.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.builds.id
  description       = "HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_cloudwatch_log_group" "step" {
  for_each = local.steps

  name              = "/aws/codebuild/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "step" {
  for_each = local.steps

  name        = "${var.name}-${each.key}"
  description = "The pipeline's step ${each.key}."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codebuild.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "step" {
  for_each = local.steps

  name   = each.key
  role   = aws_iam_role.step[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}

resource "aws_codebuild_project" "step" {
  #checkov:skip=CKV_AWS_316:the one step that builds images needs it
  for_each = local.steps

  name           = "${var.name}-${each.key}"
  description    = "The pipeline's step ${each.key}."
  service_role   = aws_iam_role.step[each.key].arn
  encryption_key = var.key_arn
  build_timeout  = each.value.timeout_minutes

  artifacts {
    type = "CODEPIPELINE"
  }

  source {
    type      = "CODEPIPELINE"
    buildspec = "infra/pipeline/${each.key}.yaml"
  }

  environment {
    type            = var.graviton ? "ARM_CONTAINER" : "LINUX_CONTAINER"
    image           = var.graviton ? "aws/codebuild/amazonlinux-aarch64-standard:3.0" : "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    compute_type    = each.value.size
    privileged_mode = each.value.privileged

    dynamic "environment_variable" {
      for_each = {
        ENVIRONMENT    = var.environment
        CLUSTER        = var.cluster_name
        REPOSITORY_URL = aws_ecr_repository.this.repository_url
      }
      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  vpc_config {
    vpc_id             = var.vpc_id
    subnets            = var.subnet_ids
    security_group_ids = [aws_security_group.builds.id]
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.step[each.key].name
    }
  }
}
