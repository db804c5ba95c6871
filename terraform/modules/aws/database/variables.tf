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

variable "is_production" {
  description = "Whether it must be kept."
  type        = bool
  nullable    = false
}

variable "vpc" {
  description = "The network's id."
  type        = string
  nullable    = false
}

variable "subnets" {
  description = "Subnets of the database, one a zone."
  type        = list(string)
  nullable    = false
}

variable "client_security_group" {
  description = "Whose members may connect."
  type        = string
  nullable    = false
}

variable "keys" {
  description = "Keys for what lies on disk, and for the owner's password."
  type        = object({ database = string, secrets = string })
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

variable "instance_class" {
  description = "Size of the machine, such as db.m7g.large."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "instance_class must be a class of RDS, such as db.m7g.large."
  }
}

variable "disk_gigabytes" {
  description = "Size of the disk at the beginning; it grows to ten times as much by itself."
  type        = number
  nullable    = false
  default     = 50

  validation {
    condition     = var.disk_gigabytes >= 20
    error_message = "disk_gigabytes must be 20 or more."
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

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days must be 1 to 35: without backups nothing can be restored, and RDS keeps none for longer."
  }
}

variable "parameters" {
  description = "Settings of PostgreSQL."
  type        = map(string)
  nullable    = false
  default     = { "rds.force_ssl" = "1", max_connections = "200", idle_in_transaction_session_timeout = "60000", log_lock_waits = "1" }

  validation {
    condition     = lookup(var.parameters, "rds.force_ssl", "") == "1"
    error_message = "parameters must hold rds.force_ssl = \"1\": the database answers by TLS alone."
  }
}
