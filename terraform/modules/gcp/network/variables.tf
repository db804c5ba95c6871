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

variable "cidr" {
  description = "Addresses of nodes, pods, services and database: half of it for pods."
  type        = string
  nullable    = false
  default     = "10.64.0.0/14"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) <= 16
    error_message = "cidr must be a range of /16 or larger: nodes, pods, services and database each get a part of it."
  }
}

variable "operator_addresses" {
  description = "How many reserved addresses operators allow-list."
  type        = number
  nullable    = false
  default     = 2

  validation {
    condition     = var.operator_addresses >= 1 && var.operator_addresses <= 8
    error_message = "operator_addresses must be 1 to 8: operators write each of them down."
  }
}
