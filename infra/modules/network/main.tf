# The network: one VPC over the given zones, a tier of subnets for each kind of thing in it. Each tier is one range, so that
# NetworkPolicies can name it.

locals {
  zones = { for index, zone in var.zones : zone => index }

  # Nodes and pods have the lower half: a /19 a zone. Every other tier is a /21 of the upper half, a /24 a zone of it.
  nodes_cidr  = cidrsubnet(var.cidr, 1, 0)
  small_tiers = ["public", "load_balancer", "control_plane", "databases", "cache", "brokers", "endpoints", "build"]
  tier_cidrs = merge(
    { nodes = local.nodes_cidr },
    { for index, tier in local.small_tiers : tier => cidrsubnet(var.cidr, 5, 16 + index) },
  )

  subnets = merge([
    for tier, cidr in local.tier_cidrs : {
      for zone, index in local.zones : "${tier}/${zone}" => {
        tier = tier
        zone = zone
        cidr = cidrsubnet(cidr, tier == "nodes" ? 2 : 3, index)
      }
    }
  ]...)

  # Who speaks with the world: nodes fetch images and the issuers' keys, builds fetch packages. Nobody is spoken to from there.
  tiers_with_way_out = ["nodes", "build"]
  nat_zones          = var.nat_per_zone ? var.zones : slice(var.zones, 0, 1)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# What names no group of its own gets this one: nothing in, nothing out.
resource "aws_default_security_group" "closed" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value.cidr
  availability_zone       = each.value.zone
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.value.tier}-${each.value.zone}", tier = each.value.tier }
}

# CloudFront reaches into a VPC only where there is one, though nothing behind it has a public address but the NAT gateways.
resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.this["public/${each.key}"].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table" "way_out" {
  for_each = local.zones

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-way-out-${each.key}" }
}

resource "aws_route" "way_out" {
  for_each = local.zones

  route_table_id         = aws_route_table.way_out[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat_per_zone ? each.key : local.nat_zones[0]].id
}

# Databases, brokers, the cache, the load balancer, endpoints and the control plane: the VPC and nothing else.
resource "aws_route_table" "inside" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-inside" }
}

resource "aws_route_table_association" "this" {
  for_each = local.subnets

  subnet_id = aws_subnet.this[each.key].id
  route_table_id = (
    each.value.tier == "public" ? aws_route_table.public.id
    : contains(local.tiers_with_way_out, each.value.tier) ? aws_route_table.way_out[each.value.zone].id
    : aws_route_table.inside.id
  )
}
