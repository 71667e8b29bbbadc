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

variable "modules" {
  description = "The modules; each has its own database."
  type        = set(string)
}

variable "shared" {
  description = "One instance for all modules, a schema and a role each, instead of one a module."
  type        = bool
}

variable "engine_major" {
  description = "PostgreSQL's major version (engines.json); RDS chooses the minor one and keeps it current."
  type        = string
}

variable "instance_class" {
  description = "Of each instance."
  type        = string
}

variable "storage_gb" {
  description = "Of each instance, to begin with; it grows to ten times that."
  type        = number
}

variable "max_connections" {
  description = "Of each instance. Some 10 MB of its memory each."
  type        = number
}

variable "multi_az" {
  description = "A standby in another zone."
  type        = bool
}

variable "deletion_protection" {
  description = "Nobody deletes an instance without taking this away first."
  type        = bool
  default     = true
}

variable "database_name" {
  description = "In each instance. The schemas in it are named after the modules."
  type        = string
  default     = "genai_demo"
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
  description = "The key of storage, insights and the master's password."
  type        = string
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}
