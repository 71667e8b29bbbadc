# What AWS would give to each kind of resource: ARNs and ids in the shape that other resources' arguments demand. Every
# resource of a kind gets the same; where that matters a test overrides it.

mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    key_id = "11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_vpc" {
  defaults = {
    id = "vpc-0a1b2c3d4e5f60718"
  }
}

mock_resource "aws_subnet" {
  defaults = {
    id = "subnet-0a1b2c3d4e5f60718"
  }
}

mock_resource "aws_security_group" {
  defaults = {
    id = "sg-0a1b2c3d4e5f60718"
  }
}

mock_data "aws_security_group" {
  defaults = {
    id = "sg-0cdf0cdf0cdf0cdf0"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::111122223333:role/some-role"
  }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = {
    arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  }
}

mock_resource "aws_eks_cluster" {
  defaults = {
    arn = "arn:aws:eks:eu-central-1:111122223333:cluster/genai-demo-production"
    identity = [{
      oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF" }]
    }]
  }
}

mock_resource "aws_launch_template" {
  defaults = {
    id             = "lt-0a1b2c3d4e5f60718"
    latest_version = 1
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-central-1:111122223333:log-group:some-group"
  }
}

mock_resource "aws_db_instance" {
  defaults = {
    arn         = "arn:aws:rds:eu-central-1:111122223333:db:some-database"
    endpoint    = "some-database.abcdefghijkl.eu-central-1.rds.amazonaws.com:5432"
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    master_user_secret = [{
      secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-0a1b2c3d-AbCdEf"
    }]
  }
}

mock_resource "aws_msk_configuration" {
  defaults = {
    arn             = "arn:aws:kafka:eu-central-1:111122223333:configuration/some/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-1"
    latest_revision = 1
  }
}

mock_resource "aws_msk_cluster" {
  defaults = {
    arn                        = "arn:aws:kafka:eu-central-1:111122223333:cluster/genai-demo-production/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-1"
    bootstrap_brokers_sasl_iam = "b-1.some.kafka.eu-central-1.amazonaws.com:9098,b-2.some.kafka.eu-central-1.amazonaws.com:9098,b-3.some.kafka.eu-central-1.amazonaws.com:9098"
  }
}

mock_resource "aws_elasticache_replication_group" {
  defaults = {
    arn                      = "arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:genai-demo-production"
    primary_endpoint_address = "master.some.cache.amazonaws.com"
  }
}

mock_resource "aws_elasticache_user" {
  defaults = {
    arn = "arn:aws:elasticache:eu-central-1:111122223333:user:genai-demo-production"
  }
}

mock_resource "aws_lb" {
  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/some/0a1b2c3d4e5f6071"
    arn_suffix = "app/some/0a1b2c3d4e5f6071"
    dns_name   = "internal-some.eu-central-1.elb.amazonaws.com"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/some/0a1b2c3d4e5f6071"
  }
}

mock_resource "aws_lb_listener" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/some/0a1b2c3d4e5f6071/0a1b2c3d4e5f6071"
  }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
    domain_validation_options = [{
      domain_name           = "orders.example.com"
      resource_record_name  = "_0a1b2c3d.orders.example.com."
      resource_record_type  = "CNAME"
      resource_record_value = "_0a1b2c3d.acm-validations.aws."
    }]
  }
}

mock_resource "aws_acm_certificate_validation" {
  defaults = {
    certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_cloudfront_distribution" {
  defaults = {
    arn            = "arn:aws:cloudfront::111122223333:distribution/E0A1B2C3D4E5F6"
    domain_name    = "d0a1b2c3d4e5f6.cloudfront.net"
    hosted_zone_id = "Z2FDTNDATAQYW2"
  }
}

mock_resource "aws_wafv2_web_acl" {
  defaults = {
    arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/some/11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn = "arn:aws:s3:::some-bucket"
  }
}

mock_resource "aws_cloudwatch_log_delivery_destination" {
  defaults = {
    arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:some"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-central-1:111122223333:some-topic"
  }
}

mock_resource "aws_cognito_user_pool" {
  defaults = {
    id       = "eu-central-1_Some1Pool"
    endpoint = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Some1Pool"
  }
}

mock_resource "aws_cognito_user_pool_client" {
  defaults = {
    id = "0a1b2c3d4e5f60718293a4b5c6"
  }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/genai-demo"
    repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/genai-demo"
  }
}

mock_resource "aws_codeconnections_connection" {
  defaults = {
    arn = "arn:aws:codeconnections:eu-central-1:111122223333:connection/11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_codebuild_project" {
  defaults = {
    arn = "arn:aws:codebuild:eu-central-1:111122223333:project/some"
  }
}

mock_resource "aws_cloudfront_vpc_origin" {
  defaults = {
    id = "vo_0a1b2c3d4e5f60718"
  }
}

mock_resource "aws_route_table" {
  defaults = {
    id = "rtb-0a1b2c3d4e5f60718"
  }
}

mock_resource "aws_backup_plan" {
  defaults = {
    id = "11111111-2222-3333-4444-555555555555"
  }
}
