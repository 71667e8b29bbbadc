variable "path" {
  description = "Before every parameter: PARAMETER_PATH of the application."
  type        = string
}

variable "key_arn" {
  description = "The key of all values."
  type        = string
}

variable "database_urls" {
  description = "By module, as its pods use it."
  type        = map(string)
}

variable "master_secret_arns" {
  description = "By module: where the migration job finds the master's password."
  type        = map(string)
}

variable "shared" {
  description = "By name: what every module reads."
  type        = map(string)
}

variable "parameters" {
  description = "What the modules declare: MODULE/NAME."
  type        = set(string)
}

variable "given_versions" {
  description = "Which of them people give, with a version to be counted up when the value changes."
  type        = map(number)
}

variable "given" {
  description = "Their values. They are in no state file and no plan."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}
