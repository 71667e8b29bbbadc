variable "name" {
  description = "Of the replication group and its user."
  type        = string
}

variable "node_type" {
  description = "Of each node."
  type        = string
}

variable "nodes" {
  description = "Two, in two zones, fail over; one does not."
  type        = number

  validation {
    condition     = var.nodes >= 1
    error_message = "nodes: one at least."
  }
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets without a way out."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "The group of nodes and pods."
  type        = string
}

variable "key_arn" {
  description = "The key of what it holds."
  type        = string
}
