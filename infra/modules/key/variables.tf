variable "name" {
  description = "Of its alias."
  type        = string
}

variable "description" {
  description = "What it encrypts."
  type        = string
}

variable "account_id" {
  description = "The account that it belongs to."
  type        = string
}

variable "log_regions" {
  description = "Regions whose CloudWatch Logs encrypt with it."
  type        = list(string)
  default     = []
}

variable "services" {
  description = "Other services that use it on their own, such as cloudwatch.amazonaws.com."
  type        = list(string)
  default     = []
}
