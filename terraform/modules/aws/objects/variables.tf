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

variable "kms_key" {
  description = "Key for what lies in the buckets."
  type        = string
  nullable    = false
}

variable "administrators" {
  description = "ARN patterns of those who may change versioning of a locked bucket; nobody by default, and nobody unlocks what lies in it."
  type        = list(string)
  nullable    = false
  default     = ["none"]
}

variable "force_destroy" {
  description = "Whether a bucket is emptied when it is destroyed; what is locked stays all the same."
  type        = bool
  nullable    = false
}

variable "buckets" {
  description = "Output `buckets` of modules/catalogue."
  type        = map(object({ variable = string, is_locked = bool, expires_after_days = optional(number) }))
  nullable    = false

  validation {
    condition     = alltrue([for bucket in var.buckets : !(bucket.is_locked && bucket.expires_after_days != null)])
    error_message = "A locked bucket must not expire anything: what is locked cannot go."
  }
}

variable "credentials" {
  description = "Output `credentials` of modules/catalogue."
  type        = map(object({ bucket = string, rights = list(string) }))
  nullable    = false

  validation {
    condition     = alltrue([for credential in var.credentials : alltrue([for right in credential.rights : contains(["list", "read", "write", "delete", "lock"], right)])])
    error_message = "credentials know the rights list, read, write, delete and lock."
  }
}
