variable "environment" {
  description = "What is true of the environment in all its stacks; see modules/environment for each word."
  type        = any
  nullable    = false
}

variable "cidr" {
  description = "Addresses of the network, a /16."
  type        = string
  nullable    = false
  default     = "10.64.0.0/16"
}
