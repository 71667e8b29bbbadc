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
  description = "The modules (modules.json)."
  type        = set(string)
}

variable "databases" {
  description = "By instance."
  type        = map(object({ identifier = string, max_connections = number }))
}

variable "kafka_cluster" {
  description = "The brokers' cluster, by name; null: there is none."
  type        = string
}

variable "cache" {
  description = "The cache's replication group, by name."
  type        = string
}

variable "load_balancer" {
  description = "As metrics name it."
  type        = string
}

variable "alarm_emails" {
  description = "Who is told; each address is asked once whether it wants to be."
  type        = set(string)
}

variable "logs_key_arn" {
  description = "The key of logs, traces and notices."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs and what metrics came of are kept."
  type        = number
}
