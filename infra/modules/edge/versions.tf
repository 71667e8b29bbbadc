terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
      # CloudFront, its certificate and its ACL are in us-east-1 wherever the rest is.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
