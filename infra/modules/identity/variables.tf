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

variable "cluster_name" {
  description = "The EKS cluster, whose nodes the autoscaler may add and remove."
  type        = string
}

variable "namespace" {
  description = "Where the platform's pods are; `<namespace>-logs` is where Fluent Bit is."
  type        = string
}

variable "issuer_arn" {
  description = "The cluster's issuer of tokens, as IAM knows it."
  type        = string
}

variable "issuer_url" {
  description = "The same, as it calls itself."
  type        = string
}

variable "modules" {
  description = "What each module sends and subscribes to (modules.json)."
  type        = map(object({ sends = list(string), subscribes = list(string) }))
}

variable "topics" {
  description = "Every topic (modules.json)."
  type        = set(string)
}

variable "workloads" {
  description = "Which modules run in the pods of each ServiceAccount."
  type        = map(set(string))
}

variable "kafka" {
  description = "The brokers' cluster; null: messages stay in the process."
  type        = object({ arn = string })
}

variable "parameter_path" {
  description = "Before every parameter."
  type        = string
}

variable "parameters_key_arn" {
  description = "The key of parameters."
  type        = string
}

variable "data_key_arn" {
  description = "The key of the masters' passwords."
  type        = string
}

variable "database_login_arns" {
  description = "By module: the database's user, for rds-db:connect."
  type        = map(string)
}

variable "master_login_arns" {
  description = "Of each instance's master, for rds-db:connect."
  type        = list(string)
}

variable "master_secret_arns" {
  description = "Where the masters' passwords are."
  type        = list(string)
}

variable "cache_login_arns" {
  description = "The cache and its user, for elasticache:Connect."
  type        = list(string)
}

variable "log_group_arns" {
  description = "Of the log groups application and metrics."
  type        = object({ application = string, metrics = string })
}

variable "target_group_arns" {
  description = "What nodes are registered with, by workload."
  type        = map(string)
}

variable "hostname" {
  description = "Where people come back to after they signed in."
  type        = string
}
