variable "name" {
  description = "Of the vault and the plan."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "resource_arns" {
  description = "What is backed up."
  type        = list(string)
}

variable "key_arn" {
  description = "The key of what is in the vault."
  type        = string
}
