variable "project" {
  description = "The Google project whose Pub/Sub carries the messages."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of what has one."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Google's region in which messages rest."
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

variable "kms_key" {
  description = "Key for messages at rest; Google's own without."
  type        = string
  default     = null
}

variable "push_base_url" {
  description = "Where Pub/Sub pushes to."
  type        = string
  nullable    = false
}

variable "principal_format" {
  description = "A service account in Google's eyes, with %s for its name."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.principal_format, "principal://") && length(regexall("%s", var.principal_format)) == 1
    error_message = "principal_format must begin with principal:// and hold one %s for the name of the service account."
  }
}
