variable "name" {
  description = "Of the role, and of its policy."
  type        = string
}

variable "description" {
  description = "Who takes it on, and for what."
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

variable "namespace" {
  description = "Of the ServiceAccount."
  type        = string
}

variable "service_account" {
  description = "The ServiceAccount's name."
  type        = string
}

variable "statements" {
  description = "What it may do: statements of a policy. They differ in their keys, so they have no common type."
  type        = any
  default     = []
}

variable "managed_policies" {
  description = "Policies of AWS that it has as well, where a controller's own maker says so."
  type        = set(string)
  default     = []
}
