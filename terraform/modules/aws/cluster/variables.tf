variable "name" {
  description = "Prefix of everything made."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of everything that takes some."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "kubernetes_version" {
  description = "Kubernetes' minor version, from terraform/versions.yaml."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version such as 1.34."
  }
}

variable "subnets" {
  description = "Subnets of functions and of what calls operators."
  type        = object({ functions = list(string), operators = list(string) })
  nullable    = false
}

variable "keys" {
  description = "Keys for Kubernetes' own secrets and for logs."
  type        = object({ cluster = string, logs = string })
  nullable    = false
}

variable "operator_networks" {
  description = "CIDR ranges from which the API may be reached, by a name; from inside the network alone without any."
  type        = map(string)
  nullable    = false
}

variable "node_pools" {
  description = "Nodes over all zones: how many at least and at most, and whether their pods call operators."
  type = map(object({
    machine_type    = string
    min             = number
    max             = number
    calls_operators = optional(bool, false)
  }))
  nullable = false

  validation {
    condition     = anytrue([for pool in var.node_pools : pool.calls_operators]) && anytrue([for pool in var.node_pools : !pool.calls_operators])
    error_message = "node_pools must have one pool that calls operators (its addresses are allow-listed) and one that does not."
  }

  validation {
    condition     = alltrue([for pool in var.node_pools : pool.min >= 0 && pool.max >= max(pool.min, 1) && pool.max <= 100])
    error_message = "node_pools must have 0 <= min <= max <= 100."
  }
}
