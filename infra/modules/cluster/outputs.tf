output "name" {
  description = "Of the cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "Of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "issuer_url" {
  description = "Who signs the tokens of its ServiceAccounts."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "issuer_arn" {
  description = "The same, as IAM knows it."
  value       = aws_iam_openid_connect_provider.cluster.arn
}

output "security_group_id" {
  description = "The group of nodes, pods and the control plane."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "api_service_cidr" {
  description = "The address of the Service kubernetes."
  value       = "${cidrhost(local.service_cidr, 1)}/32"
}
