variable "name" {
  description = "Of the cluster."
  type        = string
}

variable "engine_version" {
  description = "Kafka's version as the tests have it (engines.json); MSK chooses the last part."
  type        = string
}

variable "instance_type" {
  description = "Of each broker."
  type        = string
}

variable "storage_gb" {
  description = "Of each broker."
  type        = number
}

variable "retention_hours" {
  description = "How long messages and groups' places are kept: the restore horizon at least."
  type        = number

  validation {
    condition     = var.retention_hours >= 8 * 24
    error_message = "retention_hours: databases are restored to up to 7 days ago, so keep 192 at least."
  }
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "One in each of three zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) == 3
    error_message = "subnet_ids: three brokers are in three zones; give the environment three."
  }
}

variable "client_security_group_id" {
  description = "The group of nodes and pods."
  type        = string
}

variable "key_arn" {
  description = "The key of the brokers' storage."
  type        = string
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long the brokers' logs are kept."
  type        = number
}
