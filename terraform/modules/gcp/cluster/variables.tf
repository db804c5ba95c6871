variable "project" {
  description = "The Google project of this environment: topics have no prefix, so each environment has a project of its own."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of everything made."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region in which it lies."
  type        = string
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that takes some."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "is_production" {
  description = "Whether it must be kept."
  type        = bool
  nullable    = false
}

variable "network" {
  description = "The network's full name."
  type        = string
  nullable    = false
}

variable "subnetwork" {
  description = "The nodes' part of it."
  type        = string
  nullable    = false
}

variable "pod_ranges" {
  description = "Names of secondary ranges: of pods, of those that call operators, of services."
  type        = object({ pods = string, operators = string, services = string })
  nullable    = false
}

variable "control_plane_cidr" {
  description = "Addresses of the control plane, a /28 outside the network."
  type        = string
  nullable    = false
  default     = "172.16.0.0/28"
}

variable "operator_networks" {
  description = "CIDR ranges from which the API may be reached, by a name."
  type        = map(string)
  nullable    = false
}

variable "kms_key" {
  description = "Key for Kubernetes' own secrets at rest."
  type        = string
  nullable    = false
}

variable "release_channel" {
  description = "How soon Google upgrades: REGULAR or STABLE."
  type        = string
  nullable    = false
  default     = "REGULAR"

  validation {
    condition     = contains(["REGULAR", "STABLE"], var.release_channel)
    error_message = "release_channel must be REGULAR or STABLE: RAPID is without a promise."
  }
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
    condition     = alltrue([for pool in var.node_pools : pool.min >= 0 && pool.max >= pool.min && pool.max <= 100])
    error_message = "node_pools must have 0 <= min <= max <= 100."
  }
}
