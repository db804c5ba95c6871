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

variable "kms_key" {
  description = "Key for what lies in the buckets."
  type        = string
  nullable    = false
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
}

variable "credentials" {
  description = "Output `credentials` of modules/catalogue."
  type        = map(object({ bucket = string, rights = list(string) }))
  nullable    = false
}
