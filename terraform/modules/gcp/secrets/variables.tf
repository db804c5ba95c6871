variable "project" {
  description = "The Google project of this environment: topics have no prefix, so each environment has a project of its own."
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

variable "secrets" {
  description = "Names of the secrets: keys of output `secrets` of modules/catalogue."
  type        = list(string)
  nullable    = false
}

variable "carrier" {
  description = "The principal of External Secrets."
  type        = string
  nullable    = false
}
