variable "name" {
  description = "Of the cluster, and before the names of everything."
  type        = string
}

variable "kubernetes_version" {
  description = "Minor version. The manifests' schemas and the bootstrap are checked against it."
  type        = string
  default     = "1.34"
}

variable "addon_versions" {
  description = "Of each add-on; null: what EKS gives for the cluster's version."
  type        = map(string)
  default = {
    "vpc-cni"        = null
    "coredns"        = null
    "kube-proxy"     = null
    "metrics-server" = null
  }
}

variable "control_plane_subnet_ids" {
  description = "Where the control plane has its network interfaces."
  type        = list(string)
}

variable "node_subnet_ids" {
  description = "Where nodes and pods are."
  type        = list(string)
}

variable "key_arn" {
  description = "The key of the cluster's secrets."
  type        = string
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long the control plane's logs are kept."
  type        = number
}

variable "graviton" {
  description = "Nodes of arm64, which cost a fifth less. The image is built for both."
  type        = bool
}

variable "small_nodes" {
  description = "Burstable nodes on demand, for an environment that mostly idles."
  type        = bool
}

variable "on_demand_nodes" {
  description = "The least and the most nodes that nobody takes away."
  type        = object({ min = number, max = number })

  validation {
    condition     = var.on_demand_nodes.min >= 1
    error_message = "on_demand_nodes: one at least; what does not tolerate Spot would run nowhere."
  }
}

variable "spot_nodes" {
  description = "The least and the most Spot nodes."
  type        = object({ min = number, max = number })
}

variable "administrator_role_arns" {
  description = "Roles of people who may do everything in the cluster, by a name of your own."
  type        = map(string)

  validation {
    condition     = length(var.administrator_role_arns) > 0
    error_message = "administrator_role_arns: name one at least, or nobody ever gets into the cluster."
  }
}

variable "group_role_arns" {
  description = "Roles that come in as the group genai-demo:NAME, by that name."
  type        = map(string)
}

variable "api_clients" {
  description = "Security groups that reach the API server from outside the cluster, by what they are of."
  type        = map(string)
}
