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
  description = "The network from which it is reached."
  type        = string
  nullable    = false
}

variable "services_connection" {
  description = "Output `services_connection` of the network: it must be there first."
  type        = string
  nullable    = false
}

variable "kms_key" {
  description = "Key for what lies on disk."
  type        = string
  nullable    = false
}

variable "major_version" {
  description = "PostgreSQL's major version."
  type        = number
  nullable    = false
  default     = 17

  validation {
    condition     = var.major_version >= 16
    error_message = "major_version must be 16 or newer: roles of accounts inherit as PostgreSQL 16 has them."
  }
}

variable "edition" {
  description = "ENTERPRISE, or ENTERPRISE_PLUS where a restore must reach back more than seven days."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.edition)
    error_message = "edition must be ENTERPRISE or ENTERPRISE_PLUS."
  }

  validation {
    condition     = var.edition == "ENTERPRISE_PLUS" || var.backup_days <= 7
    error_message = "Restoring to any second of ${var.backup_days} days needs edition ENTERPRISE_PLUS: ENTERPRISE reaches back seven."
  }
}

variable "tier" {
  description = "Size of the machine: db-custom-2-8192 and the like on ENTERPRISE, db-perf-optimized-N-2 and the like on ENTERPRISE_PLUS."
  type        = string
  nullable    = false
}

variable "disk_gigabytes" {
  description = "Size of the disk at the beginning."
  type        = number
  nullable    = false
  default     = 50

  validation {
    condition     = var.disk_gigabytes >= 10
    error_message = "disk_gigabytes must be 10 or more."
  }
}

variable "is_highly_available" {
  description = "Whether a standby waits in another zone."
  type        = bool
  nullable    = false
}

variable "backup_days" {
  description = "How far back the database can be restored to any second."
  type        = number
  nullable    = false
}

variable "flags" {
  description = "Settings of PostgreSQL."
  type        = map(string)
  nullable    = false
  default     = { max_connections = "200", idle_in_transaction_session_timeout = "60000", log_lock_waits = "on", log_checkpoints = "on", log_connections = "on", log_disconnections = "on" }
}

variable "owner_password" {
  description = "Password of the owner; it is written and never read back, and stands in no state."
  type        = string
  ephemeral   = true
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.owner_password) >= 24
    error_message = "owner_password must have 24 signs or more: make one by `openssl rand -base64 32`."
  }
}

variable "owner_password_version" {
  description = "Raise it to write a new password."
  type        = number
  nullable    = false
  default     = 1
}
