terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # The bucket is named at init: -backend-config="bucket=...". The lock lies beside the state.
  backend "s3" {
    key          = "genai-demo/production/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

# Nothing is ever changed in another account than the one that is meant.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}

# CloudFront's certificate, ACL and logs.
provider "aws" {
  alias               = "us_east_1"
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}

locals {
  tags = {
    project     = "genai-demo"
    environment = "production"
    managed-by  = "terraform"
  }
}
