variable "name" {
  description = "Before the names of everything."
  type        = string
}

variable "environment" {
  description = "Whose overlay is deployed."
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

variable "repository" {
  description = "Where the source is: OWNER/NAME at GitHub."
  type        = string
}

variable "branch" {
  description = "What is deployed."
  type        = string
}

variable "asks_before_deploy" {
  description = "Somebody says yes before anything is deployed."
  type        = bool
}

variable "cluster_name" {
  description = "Where to."
  type        = string
}

variable "cluster_arn" {
  description = "The same, for policies."
  type        = string
}

variable "graviton" {
  description = "Builds for arm64, as the nodes are."
  type        = bool
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Where builds run: with a way out."
  type        = list(string)
}

variable "key_arn" {
  description = "The key of images and artifacts."
  type        = string
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long the builds' logs are kept."
  type        = number
}
