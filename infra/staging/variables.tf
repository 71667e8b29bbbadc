variable "account_id" {
  description = "The AWS account of this environment."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
  default     = "us-east-1"
}

variable "hostname" {
  description = "The platform's one name, such as orders.example.com."
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of Route 53 that has the name."
  type        = string
}

variable "administrator_role_arns" {
  description = "Roles of people who may do everything in the cluster, by a name of your own."
  type        = map(string)
}

variable "alarm_emails" {
  description = "Who is told of alarms."
  type        = set(string)
  default     = []
}

variable "repository" {
  description = "Where the source is: OWNER/NAME at GitHub."
  type        = string
}

variable "graviton" {
  description = "Nodes and builds of arm64."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Taken away for the last apply before a destroy."
  type        = bool
  default     = true
}

variable "given_parameter_versions" {
  description = "Parameters that people give, MODULE/NAME, with a version to be counted up when the value changes."
  type        = map(number)
  default     = {}
}

variable "given_parameters" {
  description = "Their values; in no state file and no plan."
  type        = map(string)
  default     = {}
  sensitive   = true
  ephemeral   = true
}
