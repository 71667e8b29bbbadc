output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Of each tier, in the order of the zones."
  value       = { for tier in keys(local.tier_cidrs) : tier => [for zone in var.zones : aws_subnet.this["${tier}/${zone}"].id] }
}

output "tier_cidrs" {
  description = "The range of each tier."
  value       = local.tier_cidrs
}
