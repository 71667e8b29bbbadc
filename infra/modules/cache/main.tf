# Valkey: rate limits, the catalogue's cache and hints between replicas. Pods log in with tokens of IAM; no order fails
# without it, and nothing in it is worth a backup.

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Cache of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Valkey of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-cache" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.this.id
  description                  = "Valkey, from nodes and pods"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}

# With IAM the user's name and id are the same. Its keys and channels are the platform's, its commands those that a client
# needs; INFO is how a client asks whether the server is ready, TIME is for the script that counts budgets.
resource "aws_elasticache_user" "pods" {
  engine        = "valkey"
  user_id       = var.name
  user_name     = var.name
  access_string = "on ~genai-demo:* resetchannels &genai-demo:* -@all +@read +@write +@pubsub +@scripting +@connection -@dangerous +info +time"

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user_group" "this" {
  engine        = "valkey"
  user_group_id = var.name
  user_ids      = [aws_elasticache_user.pods.user_id]
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV2_AWS_50:two nodes fail over and one does not, which is what dev pays for; terraform test holds both
  replication_group_id = var.name
  description          = "Cache of ${var.name}"
  engine               = "valkey"
  engine_version       = "8.0"
  node_type            = var.node_type
  port                 = 6379

  num_cache_clusters         = var.nodes
  automatic_failover_enabled = var.nodes > 1
  multi_az_enabled           = var.nodes > 1

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [aws_security_group.this.id]

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arn
  user_group_ids             = [aws_elasticache_user_group.this.user_group_id]

  maintenance_window         = "sun:04:00-sun:05:00"
  auto_minor_version_upgrade = true
}
