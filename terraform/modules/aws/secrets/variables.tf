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

variable "secrets" {
  description = "Names of the secrets: keys of output `secrets` of modules/catalogue."
  type        = list(string)
  nullable    = false
}

variable "kms_key" {
  description = "Key for the values."
  type        = string
  nullable    = false
}

variable "carrier_role" {
  description = "Role of External Secrets."
  type        = string
  nullable    = false
}
