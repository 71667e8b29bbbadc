# The cache.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name                     = "genai-demo-test"
  node_type                = "cache.m7g.large"
  nodes                    = 2
  vpc_id                   = "vpc-0a1b2c3d4e5f60718"
  subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group_id = "sg-11111111"
  key_arn                  = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "cache" {
  command = plan

  module {
    source = "./modules/cache"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.engine == "valkey" && startswith(aws_elasticache_replication_group.this.engine_version, "8.")
    error_message = "ElastiCache: Valkey 8"
  }

  assert {
    condition = (
      aws_elasticache_replication_group.this.num_cache_clusters == 2
      && aws_elasticache_replication_group.this.automatic_failover_enabled
      && aws_elasticache_replication_group.this.multi_az_enabled
    )
    error_message = "ElastiCache: two nodes in two zones fail over"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    error_message = "TLS: the cache refuses a connection in clear"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.at_rest_encryption_enabled && aws_elasticache_replication_group.this.kms_key_id == var.key_arn
    error_message = "ElastiCache: what it holds is encrypted under a customer key"
  }

  assert {
    condition     = aws_elasticache_user.pods.authentication_mode[0].type == "iam" && aws_elasticache_user.pods.user_id == aws_elasticache_user.pods.user_name
    error_message = "ElastiCache: its one user logs in with tokens of IAM"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.auth_token == null && length(aws_elasticache_replication_group.this.user_group_ids) == 1
    error_message = "ElastiCache: no password is in a state, and nobody comes in without a user"
  }

  assert {
    condition     = strcontains(aws_elasticache_user.pods.access_string, "~genai-demo:*") && strcontains(aws_elasticache_user.pods.access_string, "-@dangerous")
    error_message = "ElastiCache: the user has the platform's keys and no dangerous commands"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.clients.referenced_security_group_id == "sg-11111111"
      && aws_vpc_security_group_ingress_rule.clients.cidr_ipv4 == null
      && aws_vpc_security_group_ingress_rule.clients.from_port == 6379
      && aws_vpc_security_group_ingress_rule.clients.to_port == 6379
    )
    error_message = "Security groups: the cache admits the cluster's group, on its port"
  }

  assert {
    condition     = output.url == "rediss://genai-demo-test@master.some.cache.amazonaws.com:6379"
    error_message = "ElastiCache: its URL is one with TLS and without a password"
  }
}
