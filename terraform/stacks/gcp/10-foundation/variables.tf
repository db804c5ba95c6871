variable "environment" {
  description = "What is true of the environment in all its stacks; see modules/environment for each word."
  type        = any
  nullable    = false
}

variable "project" {
  description = "The Google project of this environment, made by hand with billing: topics have no prefix, so no other environment shares it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project's id (6 to 30 lower-case letters, digits and hyphens), not its number or name."
  }
}

variable "cidr" {
  description = "Addresses of nodes, pods, services and database."
  type        = string
  nullable    = false
  default     = "10.64.0.0/14"
}

variable "operator_addresses" {
  description = "How many reserved addresses operators allow-list."
  type        = number
  nullable    = false
  default     = 2
}

variable "database" {
  description = "Edition, size and disk of PostgreSQL."
  type = object({
    edition        = optional(string, "ENTERPRISE_PLUS")
    tier           = string
    disk_gigabytes = optional(number, 50)
  })
  nullable = false
}

variable "owner_password" {
  description = "Password of the database's owner, given as TF_VAR_owner_password; it stands in no state and no plan."
  type        = string
  ephemeral   = true
  sensitive   = true
  nullable    = false
}

variable "owner_password_version" {
  description = "Raise it to write a new password."
  type        = number
  nullable    = false
  default     = 1
}
