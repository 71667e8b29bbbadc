# Nodes: some on demand, which stay, and Spot over several instance types, which are drained when AWS takes them back. Pods
# that bear that tolerate the taint (k8s/workload).

locals {
  architecture = var.graviton ? "arm64" : "x86_64"
  ami_type     = { arm64 = "AL2023_ARM_64_STANDARD", x86_64 = "AL2023_x86_64_STANDARD" }[local.architecture]
  on_demand_types = {
    arm64  = var.small_nodes ? ["t4g.large"] : ["m7g.large"]
    x86_64 = var.small_nodes ? ["t3.large"] : ["m7i.large"]
  }[local.architecture]
  spot_types = {
    arm64  = ["m6g.large", "m7g.large", "m8g.large", "c6g.xlarge", "c7g.xlarge", "r6g.large"]
    x86_64 = ["m5.large", "m6i.large", "m6a.large", "m7i.large", "c6i.xlarge", "r6i.large"]
  }[local.architecture]

  groups = {
    on-demand = {
      capacity_type  = "ON_DEMAND"
      instance_types = local.on_demand_types
      sizes          = var.on_demand_nodes
    }
    spot = {
      capacity_type  = "SPOT"
      instance_types = local.spot_types
      sizes          = var.spot_nodes
    }
  }
}

resource "aws_iam_role" "node" {
  name        = "${var.name}-node"
  description = "Nodes: they join the cluster and pull images. What pods may do stands in their own roles."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.node.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

# No security groups: nodes are then in the cluster's own, which is what stores, brokers and the load balancer name.
resource "aws_launch_template" "node" {
  for_each = local.groups

  name                   = "${var.name}-${each.key}"
  update_default_version = true

  # One hop: pods do not reach the node's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = 50
      encrypted             = true
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-${each.key}" }
  }
}

resource "aws_eks_node_group" "this" {
  for_each = local.groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = var.node_subnet_ids
  ami_type        = local.ami_type
  capacity_type   = each.value.capacity_type
  instance_types  = each.value.instance_types
  version         = aws_eks_cluster.this.version

  launch_template {
    id      = aws_launch_template.node[each.key].id
    version = aws_launch_template.node[each.key].latest_version
  }

  scaling_config {
    min_size     = each.value.sizes.min
    max_size     = each.value.sizes.max
    desired_size = each.value.sizes.min
  }

  update_config {
    max_unavailable = 1
  }

  dynamic "taint" {
    for_each = each.value.capacity_type == "SPOT" ? [1] : []
    content {
      key    = "genai-demo/spot"
      effect = "NO_SCHEDULE"
    }
  }

  lifecycle {
    # It is the autoscaler's.
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [
    aws_iam_role_policy_attachment.node,
    aws_eks_addon.network,
  ]
}
