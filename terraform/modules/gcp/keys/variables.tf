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

