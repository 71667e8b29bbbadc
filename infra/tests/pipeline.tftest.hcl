# Images, and the way from a commit to pods.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name               = "genai-demo-test"
  environment        = "test"
  account_id         = "111122223333"
  region             = "eu-central-1"
  repository         = "example/genai-demo"
  branch             = "main"
  asks_before_deploy = true
  cluster_name       = "genai-demo-test"
  cluster_arn        = "arn:aws:eks:eu-central-1:111122223333:cluster/genai-demo-test"
  graviton           = true
  vpc_id             = "vpc-0a1b2c3d4e5f60718"
  subnet_ids         = ["subnet-1", "subnet-2", "subnet-3"]
  key_arn            = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  log_retention_days = 365
}

run "pipeline" {
  command = plan

  module {
    source = "./modules/pipeline"
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "ECR: a tag is given once"
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "ECR: what is pushed is scanned"
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "KMS" && aws_ecr_repository.this.encryption_configuration[0].kms_key == var.key_arn
    error_message = "ECR: images are encrypted under a customer key"
  }

  assert {
    condition     = length(jsondecode(aws_ecr_lifecycle_policy.this.policy).rules) == 2
    error_message = "ECR: old images go by themselves"
  }

  assert {
    condition     = [for stage in aws_codepipeline.this.stage : stage.name] == ["Source", "Test", "Image", "Deploy"]
    error_message = "CI/CD: source, test, image, deploy, in that order"
  }

  assert {
    condition     = [for action in aws_codepipeline.this.stage[3].action : action.provider] == ["Manual", "CodeBuild"]
    error_message = "CI/CD: somebody says yes before production is deployed"
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.step : one(project.vpc_config).vpc_id == var.vpc_id && length(one(project.vpc_config).subnets) == 3])
    error_message = "CI/CD: builds are in the VPC, from where the API server can be reached"
  }

  assert {
    condition     = alltrue([for step, project in aws_codebuild_project.step : project.source[0].buildspec == "infra/pipeline/${step}.yaml"])
    error_message = "CI/CD: what a step does stands in the checkout"
  }

  assert {
    condition     = [for step, project in aws_codebuild_project.step : step if project.environment[0].privileged_mode] == ["image"]
    error_message = "CI/CD: only the step that builds images is privileged"
  }

  assert {
    condition = (
      !strcontains(aws_iam_role_policy.step["test"].policy, "ecr:PutImage") && !strcontains(aws_iam_role_policy.step["deploy"].policy, "ecr:PutImage")
      && !strcontains(aws_iam_role_policy.step["test"].policy, "eks:") && !strcontains(aws_iam_role_policy.step["image"].policy, "eks:")
    )
    error_message = "CI/CD: one step writes images, another one reaches the cluster, and the tests do neither"
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.step : project.encryption_key == var.key_arn]) && one(aws_codepipeline.this.artifact_store).encryption_key[0].id == var.key_arn
    error_message = "CI/CD: artifacts are encrypted under a customer key"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.artifacts.block_public_acls && aws_s3_bucket_public_access_block.artifacts.restrict_public_buckets
    error_message = "CI/CD: artifacts are nobody else's to read"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.step : group.retention_in_days == 365])
    error_message = "Logs: builds' have a retention"
  }
}

run "without_a_question" {
  command = plan

  module {
    source = "./modules/pipeline"
  }

  variables {
    asks_before_deploy = false
    graviton           = false
  }

  assert {
    condition     = [for action in aws_codepipeline.this.stage[3].action : action.provider] == ["CodeBuild"] && alltrue([for project in aws_codebuild_project.step : project.environment[0].type == "LINUX_CONTAINER"])
    error_message = "CI/CD: a small environment deploys each commit that passed"
  }
}
