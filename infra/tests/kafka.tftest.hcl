# The brokers.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name                     = "genai-demo-test"
  engine_version           = "4.4.0"
  instance_type            = "kafka.m7g.large"
  storage_gb               = 100
  retention_hours          = 240
  vpc_id                   = "vpc-0a1b2c3d4e5f60718"
  subnet_ids               = ["subnet-1", "subnet-2", "subnet-3"]
  client_security_group_id = "sg-11111111"
  key_arn                  = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn             = "arn:aws:kms:eu-central-1:111122223333:key/99999999-2222-3333-4444-555555555555"
  log_retention_days       = 365
}

run "kafka" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  assert {
    condition     = aws_msk_cluster.this.kafka_version == "4.4.x.kraft"
    error_message = "MSK: KRaft, of the version that the tests run against"
  }

  assert {
    condition     = aws_msk_cluster.this.number_of_broker_nodes == 3 && length(toset(aws_msk_cluster.this.broker_node_group_info[0].client_subnets)) == 3
    error_message = "MSK: three brokers are in three subnets"
  }

  assert {
    condition = (
      aws_msk_cluster.this.client_authentication[0].sasl[0].iam
      && !aws_msk_cluster.this.client_authentication[0].sasl[0].scram
      && !aws_msk_cluster.this.client_authentication[0].unauthenticated
    )
    error_message = "MSK: brokers admit logins by IAM and no others"
  }

  assert {
    condition = (
      aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS"
      && aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].in_cluster
    )
    error_message = "TLS: brokers speak it with clients and among themselves"
  }

  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_at_rest_kms_key_arn == var.key_arn
    error_message = "MSK: storage is encrypted under a customer key"
  }

  assert {
    condition     = aws_msk_cluster.this.broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED"
    error_message = "MSK: brokers have no public address"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "auto.create.topics.enable=false")
    error_message = "MSK: no topic comes into being by being named"
  }

  assert {
    condition = (
      strcontains(aws_msk_configuration.this.server_properties, "min.insync.replicas=2")
      && strcontains(aws_msk_configuration.this.server_properties, "default.replication.factor=3")
      && strcontains(aws_msk_configuration.this.server_properties, "unclean.leader.election.enable=false")
    )
    error_message = "MSK: what is acknowledged is on two brokers, and is never led by one that lacks it"
  }

  assert {
    condition = (
      strcontains(aws_msk_configuration.this.server_properties, "log.retention.hours=240")
      && strcontains(aws_msk_configuration.this.server_properties, "offsets.retention.minutes=14400")
    )
    error_message = "MSK: messages and groups' places are kept for the restore horizon"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.clients.referenced_security_group_id == "sg-11111111"
      && aws_vpc_security_group_ingress_rule.clients.cidr_ipv4 == null
      && aws_vpc_security_group_ingress_rule.clients.from_port == 9098
      && aws_vpc_security_group_ingress_rule.clients.to_port == 9098
    )
    error_message = "Security groups: brokers admit the cluster's group, on the port for logins by IAM"
  }

  assert {
    condition     = aws_msk_cluster.this.logging_info[0].broker_logs[0].cloudwatch_logs[0].enabled && aws_cloudwatch_log_group.this.retention_in_days == 365
    error_message = "Logs: brokers' have a retention"
  }
}

run "too_short" {
  command = plan

  module {
    source = "./modules/kafka"
  }

  variables {
    retention_hours = 24
  }

  expect_failures = [var.retention_hours]
}
