variable "environment" {
  description = "Its name: that of its overlay as well."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment: 2 to 10 small letters and digits, for names of target groups end at 32 characters."
  }
}

variable "account_id" {
  description = "The AWS account: one an environment, for parameters and images have the same names in each."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id: give the 12 digits of the account, which `aws sts get-caller-identity` prints."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "zones" {
  description = "Availability zones of that region; three where brokers run."
  type        = list(string)
}

variable "cidr" {
  description = "The VPC's range: a /16 that nothing it is ever joined with has."
  type        = string
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
}

variable "repository" {
  description = "Where the source is: OWNER/NAME at GitHub."
  type        = string
}

variable "branch" {
  description = "What is deployed."
  type        = string
  default     = "main"
}

variable "asks_before_deploy" {
  description = "Somebody says yes before anything is deployed."
  type        = bool
}

variable "shape" {
  description = "In which pods the modules run (shapes of modules.json): modules, pairs or platform."
  type        = string
  default     = "modules"
}

variable "nat_per_zone" {
  description = "A NAT gateway a zone, or one for all."
  type        = bool
}

variable "endpoint_zones" {
  description = "In how many zones each interface endpoint has an address."
  type        = number
}

variable "graviton" {
  description = "Nodes and builds of arm64."
  type        = bool
}

variable "small_nodes" {
  description = "Burstable nodes on demand."
  type        = bool
}

variable "on_demand_nodes" {
  description = "The least and the most nodes that nobody takes away."
  type        = object({ min = number, max = number })
}

variable "spot_nodes" {
  description = "The least and the most Spot nodes."
  type        = object({ min = number, max = number })
}

variable "database" {
  description = "The instances of PostgreSQL: one for all modules (shared), or one a module. How many connections each takes is the shape's."
  type = object({
    shared         = bool
    instance_class = string
    storage_gb     = number
    multi_az       = bool
  })
}

variable "kafka" {
  description = "The brokers; null: all modules run in one process, and messages stay in it."
  type = object({
    instance_type   = string
    storage_gb      = number
    retention_hours = number
  })

  validation {
    condition     = (var.kafka == null) == (var.shape == "platform")
    error_message = "kafka: where everything is in one process (shape platform) there are no brokers, and else there are."
  }
}

variable "cache" {
  description = "The nodes of Valkey."
  type = object({
    node_type = string
    nodes     = number
  })
}

variable "parameter_path" {
  description = "Before every parameter: PARAMETER_PATH of the application."
  type        = string
  default     = "/genai-demo"
}

variable "given_parameter_versions" {
  description = "Parameters that people give, MODULE/NAME or shared/NAME, with a version to be counted up when the value changes."
  type        = map(number)
  default     = {}
}

variable "given_parameters" {
  description = "Their values: by -var-file from outside the checkout, or TF_VAR_given_parameters. They are in no state file and no plan."
  type        = map(string)
  default     = {}
  sensitive   = true
  ephemeral   = true
}

variable "deletion_protection" {
  description = "Databases and the load balancer cannot be deleted until this is taken away."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long all logs are kept."
  type        = number
  default     = 365
}
