variable "name" {
  description = "Before the names of everything."
  type        = string
}

variable "environment" {
  description = "Before the names of target groups, which must be short."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "hostname" {
  description = "The platform's one name, such as orders.example.com."
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of Route 53 that has the name."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Of the load balancer."
  type        = list(string)
}

variable "nodes_security_group_id" {
  description = "The group of nodes and pods."
  type        = string
}

variable "workload_paths" {
  description = "By workload, the paths of its modules (modules.json)."
  type        = map(list(string))
}

variable "edge_workload" {
  description = "Who gets everything else."
  type        = string
}

variable "price_class" {
  description = "How far CloudFront reaches."
  type        = string
  default     = "PriceClass_100"
}

variable "requests_per_address_in_5_min" {
  description = "Who sends more is answered 429 at the edge."
  type        = number
  default     = 3000
}

variable "deletion_protection" {
  description = "Nobody deletes the load balancer without taking this away first."
  type        = bool
  default     = true
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "edge_logs_key_arn" {
  description = "The key of log groups in us-east-1."
  type        = string
}

variable "log_retention_days" {
  description = "How long the firewalls' logs are kept."
  type        = number
}
