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

variable "edge" {
  description = "l4 or l7_waf."
  type        = string
  nullable    = false
}

variable "domain" {
  description = "Domain whose name servers become AWS's."
  type        = string
  nullable    = false
}

variable "hosts" {
  description = "Per door, its host."
  type        = map(string)
  nullable    = false
}
