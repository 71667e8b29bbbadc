variable "name" {
  description = "Before the names of everything."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "cidr" {
  description = "The VPC's range: a /16."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "cidr: give a /16, such as 10.20.0.0/16; tiers and zones are cut from it."
  }
}

variable "zones" {
  description = "Availability zones, three where brokers run."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 4
    error_message = "zones: give two to four; the load balancer, the control plane and the databases need two at least."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway a zone. False: one for all, which is cheaper, and the way out goes with its zone."
  type        = bool
}

variable "endpoint_zones" {
  description = "In how many zones each interface endpoint has an address; each is paid for."
  type        = number
}

variable "endpoint_services" {
  description = "Services with an interface endpoint: what a pod needs to start and to be seen, and what nodes need."
  type        = set(string)
  default = [
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "sts",
    "xray",
  ]
}

variable "endpoint_clients" {
  description = "Security groups that may use the endpoints, by what they are of."
  type        = map(string)
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
}
