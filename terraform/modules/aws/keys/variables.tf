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

variable "region" {
  description = "Region in which they lie."
  type        = string
  nullable    = false
}
