# Add-ons that AWS keeps current. The network's comes before the nodes, which are not ready without it; the others run on
# them.

module "network_role" {
  source = "../service-role"

  name             = "${var.name}-vpc-cni"
  description      = "The network add-on: addresses of pods."
  issuer_arn       = aws_iam_openid_connect_provider.cluster.arn
  issuer_url       = aws_eks_cluster.this.identity[0].oidc[0].issuer
  namespace        = "kube-system"
  service_account  = "aws-node"
  managed_policies = ["AmazonEKS_CNI_Policy"]
}

resource "aws_eks_addon" "network" {
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = "vpc-cni"
  addon_version               = var.addon_versions["vpc-cni"]
  service_account_role_arn    = module.network_role.arn
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  configuration_values = jsonencode({
    # Without it NetworkPolicies are objects that nobody heeds.
    enableNetworkPolicy = "true"
    env = {
      ENABLE_PREFIX_DELEGATION = "true"
    }
  })
}

resource "aws_eks_addon" "on_nodes" {
  for_each = toset(["coredns", "kube-proxy", "metrics-server"])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = var.addon_versions[each.key]
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  depends_on = [aws_eks_node_group.this]
}
