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
  description = "Region in which it lies."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Addresses of the network, a /16."
  type        = string
  nullable    = false
  default     = "10.64.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "cidr must be a /16: it is cut into sixteen parts, and every pod has an address."
  }
}

variable "is_highly_available" {
  description = "Whether each zone has its own ways out: two NAT gateways a zone."
  type        = bool
  nullable    = false
}

variable "kms_key" {
  description = "Key for logs."
  type        = string
  nullable    = false
}
